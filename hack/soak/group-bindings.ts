/**
 * ScimGroupBindings under stress, and the exact comparison of who should have a role with who has
 * it.
 */

import { bindingTenantOf } from '../../src/crd/defaults.ts';
import {
  LABEL_GROUP_BINDING,
  SCIM_GROUP_BINDINGS,
  SCIM_INTEGRATIONS,
} from '../../src/crd/names.ts';
import type { KubeGroupBinding, KubeIntegration } from '../../src/crd/objects.ts';
import type { NamingRule } from '../../src/directory/kubernetes-names.ts';
import type { RoleBinding } from '../../src/kube/objects.ts';
import { type KubeObject, keyOf, keyText, ROLE_BINDINGS } from '../../src/kube/resource.ts';
import {
  decideMembers,
  MEMBERSHIP_LIMITS,
  selectorOf,
} from '../../src/operator/group-binding/members.ts';
import { hasRoleOf, isOfBinding } from '../../src/operator/group-binding/objects.ts';
import type { Kind, RandomChange } from './kind.ts';
import type { Random } from './random.ts';
import { sendScim } from './scim-client.ts';
import { MANAGER, type ObservedWorld, type World } from './world.ts';

/** Few, so that the same ones are changed repeatedly. */
const MOST = 10;
const PEOPLE = 8;
const GROUPS = ['Staff', 'Operators'];
/** The defaults of the options. */
const NAMING: NamingRule = { prefix: 'scim:', from: 'userName', case: 'preserve' };
const ROLES = [
  { kind: 'Role', name: 'deployer' },
  { kind: 'ClusterRole', name: 'view' },
];
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let created = 0;

async function list<T extends KubeObject>({ admin }: World, options: object = {}) {
  const { items } = await admin.list<T>(SCIM_GROUP_BINDINGS, options);
  return items ?? [];
}

async function roleBindings({ admin }: World): Promise<readonly RoleBinding[]> {
  const options = { labelSelector: LABEL_GROUP_BINDING };
  return (await admin.list<RoleBinding>(ROLE_BINDINGS, options)).items ?? [];
}

type Send = (method: string, path: string, body?: object) => ReturnType<typeof sendScim>;

/** Makes a change through an enabled integration. Fails if there is none. */
const overScim =
  (change: (send: Send, random: Random) => Promise<unknown>): RandomChange =>
  async (world, random) => {
    const { items } = await world.admin.list<KubeIntegration>(SCIM_INTEGRATIONS);
    const ours = (items ?? []).filter(
      ({ metadata, spec }) =>
        world.namespaces.includes(metadata.namespace) && spec?.enabled !== false,
    );
    const integration = random.pick(ours);
    return change((method, path, body) => sendScim(world, integration, method, path, body), random);
  };

async function find(send: Send, type: 'Users' | 'Groups', filter: string) {
  return (await send('GET', `/${type}?filter=${encodeURIComponent(filter)}`)).resources;
}

const people = (send: Send) => find(send, 'Users', 'userName sw "person-"');

const pushGroup = overScim(async (send, random) => {
  const displayName = random.pick(GROUPS);
  // Creating an existing user is refused, which is fine.
  for (let person = 0; person < PEOPLE; person += 1)
    await send('POST', '/Users', { userName: `Person-${person}` });
  const members = (await people(send))
    .filter(() => random.chance(0.5))
    .map(({ id }) => ({ value: id }));
  const [group] = await find(send, 'Groups', `displayName eq "${displayName}"`);
  return group === undefined
    ? send('POST', '/Groups', { displayName, members })
    : send('PUT', `/Groups/${group.id}`, { displayName, members });
});

const switchPerson = overScim(async (send, random) => {
  const { id, active } = random.pick(await people(send));
  const Operations = [{ op: 'replace', path: 'active', value: active !== true }];
  return send('PATCH', `/Users/${id}`, { schemas: [PATCH_OP], Operations });
});

const toRoleBinding =
  (change: (world: World, object: RoleBinding) => Promise<unknown>): RandomChange =>
  async (world, random) =>
    change(world, random.pick(await roleBindings(world)));

const CHANGES: Readonly<Record<string, RandomChange>> = {
  'group binding created': async (world, random) => {
    if ((await list(world)).length >= MOST) return;
    const metadata = { namespace: random.pick(world.namespaces), name: `group-${++created}` };
    const spec = { group: { displayName: random.pick(GROUPS) }, roleRef: random.pick(ROLES) };
    await world.admin.create(SCIM_GROUP_BINDINGS, { metadata, spec } as KubeObject, MANAGER);
  },
  'group binding deleted': async (world, random) => {
    const present = await list(world);
    if (present.length > MOST / 2)
      await world.admin.delete(SCIM_GROUP_BINDINGS, keyOf(random.pick(present)));
  },
  'person switched on or off': switchPerson,
  'person deleted': overScim(async (send, random) =>
    send('DELETE', `/Users/${random.pick(await people(send)).id}`),
  ),
  'group pushed': pushGroup,
  'group deleted': overScim(async (send, random) => {
    const [group] = await find(send, 'Groups', `displayName eq "${random.pick(GROUPS)}"`);
    return group && send('DELETE', `/Groups/${group.id}`);
  }),
  'RoleBinding of a group emptied': toRoleBinding(({ admin }, object) =>
    admin.mergePatch(ROLE_BINDINGS, keyOf(object), { subjects: null }, { fieldManager: MANAGER }),
  ),
  'RoleBinding of a group deleted': toRoleBinding(({ admin }, object) =>
    admin.delete(ROLE_BINDINGS, keyOf(object)),
  ),
};

async function differencesOf(
  { store }: ObservedWorld,
  binding: KubeGroupBinding,
  all: readonly RoleBinding[],
): Promise<string[]> {
  const own = all.filter((each) => isOfBinding(each, binding));
  const tenant = bindingTenantOf(binding);
  const reading = await store.memberships.read(
    tenant,
    selectorOf(binding),
    MEMBERSHIP_LIMITS,
    NAMING.from,
  );
  const { subjects, obstacle } = decideMembers(binding, reading, NAMING);
  const bound = own.flatMap((each) => (each.subjects ?? []).map(({ name }) => name));
  const { members, conditions = [] } = binding.status ?? {};
  const ready = conditions.find(({ type }) => type === 'Ready')?.reason;
  const reason = obstacle?.reason ?? 'Succeeded';
  return [
    ...(bound.toSorted().join() === subjects.toSorted().join()
      ? []
      : [`the role is bound to ${bound.toSorted()} instead of ${subjects.toSorted()}`]),
    ...(own.every((each) => hasRoleOf(each, binding)) ? [] : ['a RoleBinding has another role']),
    ...(ready === reason ? [] : [`it is ${ready} instead of ${reason}`]),
    ...(members === subjects.length
      ? []
      : [`its status says ${members} members instead of ${subjects.length}`]),
  ];
}

export const GROUP_BINDINGS: Kind = {
  changes: CHANGES,
  differences: async (world) => {
    const bindings = await list<KubeGroupBinding>(world);
    const all = await roleBindings(world);
    const orphans = all.filter((each) => !bindings.some((binding) => isOfBinding(each, binding)));
    const found = orphans.map(
      (each) => `the RoleBinding ${keyText(keyOf(each))} exists but should not`,
    );
    for (const binding of bindings) {
      const wrong = await differencesOf(world, binding, all);
      found.push(...wrong.map((line) => `${keyText(keyOf(binding))}: ${line}`));
    }
    return found;
  },
};
