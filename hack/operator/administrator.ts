/** Who may do what in the console of the demo. */

import type { Client } from '../../src/kube/client.ts';
import type { PolicyRule } from '../../src/kube/objects.ts';
import {
  CLUSTER_ROLES,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { AGGREGATED_ROLES } from './aggregated-roles.ts';
import { NAME } from './install.ts';

const ADMINISTRATOR = `${NAME}-administrator`;
const AUDIENCE = 'scim-operator';
const TOKEN_SECONDS = 24 * 3600;

const administratorRules = (bindable: readonly string[]): readonly PolicyRule[] => [
  ...AGGREGATED_ROLES.filter(({ name }) => name === 'admin').flatMap(({ rules }) => rules),
  { apiGroups: [ROLES.group], resources: ['roles'], verbs: ['bind'] },
  {
    apiGroups: [ROLES.group],
    resources: ['clusterroles'],
    verbs: ['bind'],
    resourceNames: bindable,
  },
];

/**
 * What createAdministrator creates, besides the namespaces, in the order in which it is applied.
 */
export function administratorObjects(
  namespace: string,
  bindable: readonly string[],
): [ResourceDefinition, ApplyObject][] {
  const metadata = { name: ADMINISTRATOR, namespace: NAME };
  return [
    ...AGGREGATED_ROLES.map(({ name, labels, rules }): [ResourceDefinition, ApplyObject] => [
      CLUSTER_ROLES,
      { metadata: { name: `${NAME}-${name}`, labels }, rules },
    ]),
    [CLUSTER_ROLES, { metadata: { name: ADMINISTRATOR }, rules: administratorRules(bindable) }],
    [SERVICE_ACCOUNTS, { metadata }],
    [
      ROLE_BINDINGS,
      {
        metadata: { name: ADMINISTRATOR, namespace },
        roleRef: { apiGroup: ROLES.group, kind: 'ClusterRole', name: ADMINISTRATOR },
        subjects: [{ kind: 'ServiceAccount', ...metadata }],
      },
    ],
  ];
}

type ApplyObject = KubeObject & Readonly<Record<string, unknown>>;

/**
 * Creates a ServiceAccount that may do everything in the namespace's part of the console, and
 * returns a token of it for sign-in.
 */
export async function createAdministrator(
  client: Client,
  namespace: string,
  bindable: readonly string[],
): Promise<string> {
  for (const name of [NAME, namespace])
    await client.apply(NAMESPACES, { metadata: { name } }, NAME);
  for (const [resource, object] of administratorObjects(namespace, bindable))
    await client.apply(resource, object, NAME);
  const key = { name: ADMINISTRATOR, namespace: NAME };
  const spec = { audiences: [AUDIENCE], expirationSeconds: TOKEN_SECONDS };
  const { status } = await client.createSubresource<{ status: { token: string } }>(
    SERVICE_ACCOUNTS,
    key,
    'token',
    { spec },
  );
  return status.token;
}
