/** A warning where a tool would undo what the console writes. */
import type { KubeIntegration } from '../../crd/objects.ts';
import { writersOf } from '../../kube/field-managers.ts';
import { CONSOLE_FIELD_MANAGER } from '../field-manager.ts';

/** Tools that keep an object as a repository has it, and write without server-side apply. */
const TOOLS = /argo|flux|kustomize|helm|terraform|pulumi|client-side-apply/i;

/** Those who declare `spec.enabled`, such as a GitOps tool. */
export function declarersOf(integration: KubeIntegration): readonly string[] {
  const managers = writersOf(integration, ['spec', 'enabled'])
    .filter(({ operation, manager }) => operation === 'Apply' || TOOLS.test(manager))
    .map(({ manager }) => manager)
    .filter((manager) => manager !== CONSOLE_FIELD_MANAGER);
  return [...new Set(managers)];
}

export const Declared = ({ by }: { by: readonly string[] }) => (
  <>
    {by.join(' and ')} also {by.length === 1 ? 'manages' : 'manage'} <code>spec.enabled</code>, and
    may undo the change. Change it there as well.
  </>
);
