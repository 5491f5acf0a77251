import { beforeAll, describe, expect, it } from 'vitest';
import { SCIM_GROUP_BINDINGS } from '../../src/crd/names.ts';
import type { Client } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { adminClient, applyCrds, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';
import { printed } from './raw-call.ts';

interface Binding extends KubeObject {
  readonly spec?: unknown;
  readonly status?: Readonly<Record<string, unknown>>;
}

let client: Client;
let namespace: string;
let count = 0;
beforeAll(async () => {
  client = adminClient();
  await applyCrds(client);
  namespace = await createNamespace(client, 'crd');
});

const create = (spec: unknown, name = `b${++count}`): Promise<Binding> =>
  client.create<Binding>(
    SCIM_GROUP_BINDINGS,
    { metadata: { namespace, name }, ...(spec === undefined ? {} : { spec }) },
    TEST_MANAGER,
  );
/** Creates one with the spec and changes it. */
async function change(spec: unknown, patch: unknown): Promise<Binding> {
  const { name } = (await create(spec)).metadata;
  const options = { fieldManager: TEST_MANAGER };
  return client.mergePatch(SCIM_GROUP_BINDINGS, { namespace, name }, { spec: patch }, options);
}

const roleRef = { kind: 'Role', name: 'reader' };
const group = { displayName: 'Staff' };
const role = (name: unknown, kind: unknown = 'Role') => ({ group, roleRef: { kind, name } });

describe('the API server accepts a group binding', () => {
  it.each<[string, unknown]>([
    ['with a group by displayName', { group, roleRef }],
    ['with a group by externalId', { group: { externalId: 'e'.repeat(1024) }, roleRef }],
    ['with a ClusterRole', role('view', 'ClusterRole')],
    ['with another tenant', { tenant: 'a-1', group, roleRef }],
    ...['SCIMProvisioner', 'a:b', '.x', '..x', '...', 'x..', 'n'.repeat(253)].map(
      (name): [string, unknown] => [`with a role named ${name.slice(0, 20)}`, role(name)],
    ),
  ])('%s, and stores its spec unchanged', async (_, spec) => {
    expect((await create(spec)).spec).toEqual(spec);
  });

  it('with a name of 63 characters, and initially shows observedGeneration -1', async () => {
    const { metadata, status } = await create({ group, roleRef }, 'n'.repeat(63));
    expect(metadata.name).toHaveLength(63);
    expect(status).toEqual({ observedGeneration: -1 });
  });

  it('whose group is changed', async () => {
    const changed = await change(
      { group, roleRef },
      { group: { displayName: null, externalId: 'e' } },
    );
    expect(changed.spec).toEqual({ group: { externalId: 'e' }, roleRef });
  });
});

describe('the API server refuses a group binding', () => {
  it.each<[string, unknown, RegExp]>([
    ['without a spec', undefined, /spec: Required value/],
    ['without a group', { roleRef }, /spec\.group: Required value/],
    ['with an empty group', { group: {}, roleRef }, /exactly one of displayName and externalId/],
    [
      'with a group by both names',
      { group: { displayName: 'a', externalId: 'b' }, roleRef },
      /exactly one of displayName and externalId/,
    ],
    [
      'with a group with an empty name',
      { group: { displayName: '' }, roleRef },
      /at least 1 chars/,
    ],
    ['without a role', { group }, /spec\.roleRef: Required value/],
    ['with a role of another kind', role('x', 'Group'), /Unsupported value: "Group"/],
    ['with a role without a name', { group, roleRef: { kind: 'Role' } }, /roleRef\.name: Required/],
    ...['.', '..', 'a/b', '%41', ''].map((name): [string, unknown, RegExp] => [
      `with the invalid role name "${name}"`,
      role(name),
      /roleRef\.name: Invalid value/,
    ]),
    ['with an invalid tenant', { tenant: 'A', group, roleRef }, /spec\.tenant: .*DNS label/],
    ['with an unknown field', { group, roleRef, subjects: [] }, /unknown field "spec\.subjects"/],
  ])('%s', async (_, spec, message) => {
    await expect(create(spec)).rejects.toThrow(message);
  });

  it.each(['with.dots', 'n'.repeat(64)])('named %s', async (name) => {
    await expect(create({ group, roleRef }, name)).rejects.toThrow(/metadata\.name/);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['its role', {}, { roleRef: { name: 'admin' } }, /roleRef: .*is immutable/],
    ['the kind of its role', {}, { roleRef: { kind: 'ClusterRole' } }, /roleRef: .*is immutable/],
    ['its role to none', {}, { roleRef: null }, /spec\.roleRef: Required value/],
    ['its unset tenant', {}, { tenant: 'acme' }, /spec\.tenant: .*immutable, even when unset/],
    [
      'its tenant to none',
      { tenant: 'acme' },
      { tenant: null },
      /spec\.tenant: .*immutable, even when unset/,
    ],
    [
      'its tenant',
      { tenant: 'acme' },
      { tenant: 'b' },
      /spec\.tenant: .*immutable, even when unset/,
    ],
  ])('that changes %s', async (_, more, patch, message) => {
    await expect(change({ group, roleRef, ...(more as object) }, patch)).rejects.toThrow(message);
  });
});

describe('kubectl get', () => {
  it('prints the group, its role, the number of members and the condition Ready', async () => {
    const { name } = (await create({ group, roleRef })).metadata;
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const ready = { type: 'Ready', status: 'True', reason: 'Succeeded', message: '' };
    const status = {
      tenant: 'acme',
      group: { id: 'g', displayName: 'Staff' },
      members: 1_200,
      roleBindings: 2,
      conditions: [{ ...ready, lastTransitionTime }],
    };
    await client.mergePatch(
      SCIM_GROUP_BINDINGS,
      { namespace, name },
      { status },
      { fieldManager: TEST_MANAGER, subresource: 'status' },
    );
    const row = await printed(SCIM_GROUP_BINDINGS, { namespace, name });
    expect(Object.keys(row)).toEqual([
      ...['Name', 'Tenant', 'Group', 'Role', 'Members', 'Ready', 'Reason', 'Age'],
      ...['Role Kind (wide)', 'RoleBindings (wide)'],
    ]);
    expect(row).toMatchObject({
      Name: name,
      Tenant: 'acme',
      Group: 'Staff',
      Role: 'reader',
      Members: 1_200,
      Ready: 'True',
      Reason: 'Succeeded',
      'Role Kind (wide)': 'Role',
      'RoleBindings (wide)': 2,
    });
  });
});
