/** The operator's permissions as named templates, which the chart puts into roles. */
import { printYaml } from '../../../src/crd/yaml.ts';
import type { PolicyRule } from '../../../src/kube/objects.ts';
import {
  CLUSTER_RULES,
  CONSOLE_CLUSTER_RULES,
  CONSOLE_NAMESPACE_RULES,
  defaultRoleRules,
  ELECTION_RULES,
  groupBindingRules,
  OPERATOR_RULES,
  POLICY_RULES,
  TENANT_RULES,
  WATCHED_NAMESPACE_RULES,
} from '../../../src/operator/rbac.ts';
import { define, headerOf } from './template.ts';

export function rulesTemplate(): string {
  const templates = {
    everywhere: print(OPERATOR_RULES),
    namespace: print(WATCHED_NAMESPACE_RULES),
    cluster: print(CLUSTER_RULES),
    tenants: print(TENANT_RULES),
    policy: print(POLICY_RULES),
    election: print(ELECTION_RULES),
    console: print(CONSOLE_NAMESPACE_RULES),
    consoleCluster: print(CONSOLE_CLUSTER_RULES),
    groups: groupRules(),
    defaultRoles: defaultRoles(),
  };
  const texts = Object.entries(templates).map(([name, text]) => define(`rules.${name}`, text));
  return [headerOf('src/operator/rbac.ts'), ...texts].join('\n');
}

const print = (rules: readonly PolicyRule[]): string =>
  printYaml(rules.map((rule): Record<string, readonly string[]> => ({ ...rule })));

/** Takes the list of names. */
function defaultRoles(): string {
  const [{ resourceNames: _, ...rule } = { resourceNames: [] }] = defaultRoleRules(['NAMES']);
  return `${print([rule as PolicyRule])}  resourceNames:\n    {{- toYaml . | nindent 4 }}\n`;
}

/** The rule for ClusterRoles is there only if the values name some: without names it is for all. */
function groupRules(): string {
  const always = groupBindingRules();
  const [forClusterRoles, ...others] = groupBindingRules(['NAMES']).slice(always.length);
  if (forClusterRoles === undefined || others.length > 0)
    throw new Error('groupBindingRules no longer ends with the rule for ClusterRoles');
  const { resourceNames: _, ...rule } = forClusterRoles;
  return [
    print(always),
    '{{- with .Values.groupBindings.clusterRoles }}\n',
    print([rule]),
    '  resourceNames:\n    {{- toYaml . | nindent 4 }}\n',
    '{{- end }}\n',
  ].join('');
}
