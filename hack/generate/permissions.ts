/** Generates the tables of the operator's permissions in docs/reference/ from its RBAC rules. */

import { DIRECTORY_API_GROUP } from '../../src/directory/permissions.ts';
import type { PolicyRule } from '../../src/kube/objects.ts';
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
} from '../../src/operator/rbac.ts';
import { fillIn } from './tables.ts';

/** Replaces the tables in the document. */
export function fillInPermissions(document: string): string {
  const tables = {
    everywhere: OPERATOR_RULES.filter((rule) => !isGranted(rule)),
    namespace: WATCHED_NAMESPACE_RULES.filter((rule) => !isGranted(rule)),
    cluster: CLUSTER_RULES,
    tenants: TENANT_RULES,
    groups: groupBindingRules(['view']),
    policy: POLICY_RULES,
    console: CONSOLE_NAMESPACE_RULES,
    consoleCluster: CONSOLE_CLUSTER_RULES,
    defaultRoles: defaultRoleRules(['scim-operator-viewer']),
    election: ELECTION_RULES,
    granted: OPERATOR_RULES.filter(isGranted),
  };
  return Object.entries(tables).reduce(
    (text, [name, rules]) => fillIn(text, name, tableOf(rules)),
    document,
  );
}

/** Whether the rule is one that SCIMProvisioner grants. */
const isGranted = ({ apiGroups }: PolicyRule) => apiGroups.includes(DIRECTORY_API_GROUP);

function tableOf(rules: readonly PolicyRule[]): string {
  const rows = rules.map(({ apiGroups, resources, verbs, resourceNames = [] }) => {
    const [group, resource, only] = [apiGroups, resources, resourceNames].map((texts) =>
      texts
        .filter((text) => text !== '')
        .map((text) => `\`${text}\``)
        .join(', '),
    );
    return `| ${group} | ${resource} | ${only} | ${verbs.join(', ')} |`;
  });
  return ['| API group | resource | only | verbs |', '|---|---|---|---|', ...rows].join('\n');
}
