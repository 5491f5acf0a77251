/** Which roles somebody has in a namespace and because of what, in words. */
import type { Grant } from '../../access/grants.ts';
import type { Identity } from '../../access/identity.ts';
import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import type { PolicyRule } from '../../kube/objects.ts';
import type { ConsoleContext } from '../context.ts';
import { listInIfAllowed } from '../list-in.ts';

export interface ShownGrant {
  readonly role: Grant['role'];
  /** Such as `RoleBinding edit-for-engineering`. */
  readonly binding: string;
  /** Such as `the group Engineering`. */
  readonly because: string;
  /** What the role allows, a line for each rule; undefined if it doesn't exist or can't be read. */
  readonly allows: readonly string[] | undefined;
}

export async function shownGrants(
  { access, client }: Pick<ConsoleContext, 'access' | 'client'>,
  identity: Identity,
  namespace: string,
): Promise<readonly ShownGrant[]> {
  const grants = await access.explain(identity, namespace);
  const isNamed = grants.some(({ groupBinding }) => groupBinding !== undefined);
  const groups = isNamed ? await groupNames(client, namespace) : new Map<string, string>();
  return grants.map((grant) => ({
    role: grant.role,
    binding:
      grant.groupBinding === undefined
        ? `${grant.binding.kind} ${grant.binding.name}`
        : `${SCIM_GROUP_BINDINGS.kind} ${grant.groupBinding}`,
    because: reasonOf(grant, identity, groups),
    allows: grant.rules?.map(ruleText),
  }));
}

/** The displayNames of the groups that the ScimGroupBindings of the namespace are for, by name. */
async function groupNames(
  client: ConsoleContext['client'],
  namespace: string,
): Promise<ReadonlyMap<string, string>> {
  const all = await listInIfAllowed<KubeGroupBinding>(client, SCIM_GROUP_BINDINGS, [namespace]);
  return new Map(
    all.flatMap(({ metadata, spec, status }) => {
      const name = status?.group?.displayName ?? spec.group.displayName;
      return name === undefined ? [] : [[metadata.name, name] as const];
    }),
  );
}

function reasonOf(
  { groupBinding, subject }: Grant,
  { tenant, groups: [everybody] }: Identity,
  groups: ReadonlyMap<string, string>,
): string {
  if (groupBinding !== undefined) {
    const name = groups.get(groupBinding);
    return name === undefined ? 'a group of the identity provider' : `the group ${name}`;
  }
  if (subject.kind !== 'Group') return `the name ${subject.name}`;
  const isEverybody = tenant !== undefined && subject.name === everybody;
  return `the Kubernetes group ${subject.name}${isEverybody ? ', which all users have' : ''}`;
}

/** Such as `get, list: pods, deployments.apps`. */
export function ruleText({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames,
}: PolicyRule): string {
  const all = resources.flatMap((resource) =>
    apiGroups.map((group) => (group === '' || group === '*' ? resource : `${resource}.${group}`)),
  );
  const only = resourceNames === undefined ? '' : ` (only ${resourceNames.join(', ')})`;
  const what = all.length === 0 ? 'addresses of the API server' : all.join(', ');
  return `${verbs.join(', ')}: ${what}${only}`;
}
