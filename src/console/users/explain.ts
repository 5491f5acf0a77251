/** Gathers what a user may do in each namespace, and why. */

import type { Grant } from '../../access/grants.ts';
import type { Identity } from '../../access/identity.ts';
import type { ConsoleContext } from '../context.ts';
import { CONSOLE_ACTIONS } from './console-actions.ts';
import type { NamespacePowers, Powers, Question, ShownGrant } from './powers.tsx';

/** More would be neither read nor answered in time. */
const MOST_NAMESPACES = 20;

interface Explained {
  readonly tenant: string;
  readonly userId: string;
  readonly active: boolean;
  /** Those of the tenant in which the visitor may see users. */
  readonly namespaces: readonly string[];
  readonly question: Question | undefined;
}

export async function powersOf(
  { access }: Pick<ConsoleContext, 'access'>,
  { tenant, userId, active, namespaces, question }: Explained,
): Promise<Powers> {
  const identity = await access.identityOf(tenant, userId);
  if (identity === undefined)
    return { identity, active, namespaces: [], left: 0, asked: undefined };
  const shown = namespaces.slice(0, MOST_NAMESPACES);
  const asked = question && namespaces.includes(question.namespace) ? question : undefined;
  const [inEach, allowed] = await Promise.all([
    Promise.all(shown.map((namespace) => inNamespace(access, identity, namespace))),
    asked === undefined ? undefined : ask(access, identity, asked),
  ]);
  return {
    identity,
    active,
    namespaces: inEach,
    left: namespaces.length - shown.length,
    asked: asked && { ...asked, allowed: allowed === true },
  };
}

async function inNamespace(
  access: ConsoleContext['access'],
  identity: Identity,
  namespace: string,
): Promise<NamespacePowers> {
  const [grants, inConsole] = await Promise.all([
    access.explain(identity, namespace),
    access.mayEach(
      identity,
      CONSOLE_ACTIONS.map(({ action }) => ({ ...action, namespace })),
    ),
  ]);
  return { namespace, grants: grants.map(shownGrant), inConsole };
}

async function ask(
  access: ConsoleContext['access'],
  identity: Identity,
  { verb, resource, namespace }: Question,
): Promise<boolean> {
  const dot = resource.indexOf('.');
  const [name, group] =
    dot === -1 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
  const [allowed = false] = await access.mayEach(identity, [
    { verb, group, resource: name, namespace },
  ]);
  return allowed;
}

const WORD = /^[a-z][a-z-]{0,59}$/;
const RESOURCE = /^[a-z0-9][a-z0-9.-]{0,252}$/;

/** Undefined unless everything is filled in as Kubernetes could understand it. */
export function questionIn(query: URLSearchParams): Question | undefined {
  const verb = query.get('verb')?.trim().toLowerCase() ?? '';
  const resource = query.get('resource')?.trim().toLowerCase() ?? '';
  const namespace = query.get('in') ?? '';
  return WORD.test(verb) && RESOURCE.test(resource) ? { verb, resource, namespace } : undefined;
}

function shownGrant({ role, binding, subject, groupBinding }: Grant): ShownGrant {
  return {
    role,
    binding:
      groupBinding === undefined
        ? `${binding.kind} ${binding.name}`
        : `ScimGroupBinding ${groupBinding}`,
    because: reasonOf(subject, groupBinding),
  };
}

function reasonOf(subject: Grant['subject'], groupBinding: Grant['groupBinding']): string {
  if (groupBinding !== undefined) return `a group, by the ScimGroupBinding ${groupBinding}`;
  return subject.kind === 'Group'
    ? `the Kubernetes group ${subject.name}`
    : `their own name, ${subject.name}`;
}
