/** What group-sync-operator needs of OpenShift: its Group, and users who are in those groups. */
import type { Client } from '../../../src/kube/client.ts';
import type { KubeObject, ResourceDefinition } from '../../../src/kube/resource.ts';
import { type Action, mayDo } from './access.ts';
import { stubCrd } from './any-objects.ts';

const GROUPS: ResourceDefinition = {
  group: 'user.openshift.io',
  version: 'v1',
  plural: 'groups',
  kind: 'Group',
  namespaced: false,
};

interface Group extends KubeObject {
  readonly users?: readonly string[];
}

export const OPENSHIFT_CRDS: readonly string[] = [
  stubCrd('user.openshift.io', 'v1', 'Group', 'groups', 'Cluster'),
  stubCrd('redhatcop.redhat.io', 'v1alpha1', 'GroupSync', 'groupsyncs'),
];

/** A group as group-sync-operator leaves it, for the provider `entra` of the GroupSync `company`. */
export const syncedGroup = (name: string, users: readonly string[]): string =>
  JSON.stringify({
    apiVersion: 'user.openshift.io/v1',
    kind: 'Group',
    metadata: {
      name,
      labels: { 'group-sync-operator.redhat-cop.io/sync-provider': 'company_entra' },
      annotations: { 'group-sync-operator.redhat-cop.io/sync-time': '2026-08-01T07:00:07Z' },
    },
    users,
  });

/** OpenShift's API server adds the groups that name a user to each request of that user. */
export async function mayDoOnOpenShift(
  client: Client,
  user: string,
  action: Action,
): Promise<boolean> {
  const { items } = await client.list<Group>(GROUPS);
  const groups = (items ?? []).filter(({ users = [] }) => users.includes(user));
  return mayDo(
    client,
    user,
    action,
    groups.map(({ metadata }) => metadata.name),
  );
}
