/** What people may do, for the chart and the demo. */
import {
  GROUP,
  SCIM_GROUP_BINDINGS,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../../src/crd/names.ts';
import { DIRECTORY_API_GROUP } from '../../src/directory/permissions.ts';
import type { PolicyRule } from '../../src/kube/objects.ts';

interface AggregatedRole {
  readonly name: 'viewer' | 'editor' | 'admin';
  /** Select the role of the cluster that gets the rules. */
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const { plural: integrations } = SCIM_INTEGRATIONS;
const { plural: bindings } = SCIM_GROUP_BINDINGS;
const on = (resources: readonly string[], verbs: readonly string[]) => ({
  apiGroups: [GROUP],
  resources,
  verbs,
});

/** What the console shows, and what an administrator may do there with the access of a person. */
const LOOK = {
  apiGroups: [DIRECTORY_API_GROUP],
  resources: ['users', 'groups', 'bindings', 'activity'],
  verbs: ['get', 'list'],
};
const MANAGE = { apiGroups: [DIRECTORY_API_GROUP], resources: ['bindings'], verbs: ['update'] };

const SEE = [on([integrations, bindings, SCIM_TENANTS.plural], READ), LOOK];
const EDIT = [...SEE, on([integrations], WRITE)];
const ADMINISTER = [...EDIT, on([bindings], WRITE), MANAGE];

const into = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' });

/**
 * Each role is complete, so that it can be a default role. Writing ScimGroupBindings grants roles,
 * so `edit` may not. ScimTenants decide about other namespaces, so nobody but a cluster
 * administrator writes them.
 */
export const AGGREGATED_ROLES: readonly AggregatedRole[] = [
  { name: 'viewer', labels: into('view'), rules: SEE },
  { name: 'editor', labels: into('edit'), rules: EDIT },
  { name: 'admin', labels: into('admin'), rules: ADMINISTER },
];
