/** No user can grant a role with a ScimGroupBinding that they can't grant with a RoleBinding. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { serviceAccountKubeconfig } from '../../../hack/operator/install.ts';
import { applyGroupBindingPolicy } from '../../../hack/operator/policy.ts';
import { parseExposition } from '../../../hack/process/exposition.ts';
import { groupBindingPolicy } from '../../../src/crd/group-binding-policy.ts';
import { SCIM_GROUP_BINDINGS } from '../../../src/crd/names.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import type { PolicyRule, Role, RoleBinding } from '../../../src/kube/objects.ts';
import {
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import { captureLog } from '../../support/captured-log.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  People,
  READER,
  STAFF,
  TestGroupBinding,
} from '../../support/operator/group-bindings.ts';

const RBAC = 'rbac.authorization.k8s.io';
const AUTHOR: PolicyRule = {
  apiGroups: [SCIM_GROUP_BINDINGS.group],
  resources: [SCIM_GROUP_BINDINGS.plural],
  verbs: ['get', 'create', 'update', 'patch', 'delete'],
};

const VIEW = { kind: 'ClusterRole', name: 'view' };

const fixture = useOperator({ rules: BINDING_RULES });
let folder: string;
let namespace: string;
const connections: Connection[] = [];
/**
 * Both write ScimGroupBindings. The stranger may grant nothing, the binder the Role `reader` and
 * the ClusterRole `view`.
 */
let stranger: Client;
let binder: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scim-authors-'));
  namespace = await createNamespace(fixture.admin, 'authors');
  stranger = await author('stranger', []);
  const bind = { apiGroups: [RBAC], verbs: ['bind'] };
  binder = await author('binder', [
    { ...bind, resources: ['roles'], resourceNames: ['reader'] },
    { ...bind, resources: ['clusterroles'], resourceNames: ['view'] },
  ]);
  await applyGroupBindingPolicy(fixture.admin, TEST_MANAGER);
  // The API server doesn't apply a new policy right away.
  await eventually(() => expect(create(stranger, READER)).rejects.toThrow(/may not grant/));
  for (const roleRef of [READER, VIEW]) await eventually(() => create(binder, roleRef));
});
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  rmSync(folder, { recursive: true });
});

async function author(name: string, rules: readonly PolicyRule[]): Promise<Client> {
  const { admin } = fixture;
  const metadata = { namespace, name };
  await admin.create<KubeObject>(SERVICE_ACCOUNTS, { metadata }, TEST_MANAGER);
  await admin.create<Role>(ROLES, { metadata, rules: [AUTHOR, ...rules] }, TEST_MANAGER);
  const binding: RoleBinding = {
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  };
  await admin.create(ROLE_BINDINGS, binding, TEST_MANAGER);
  const config = loadKubeConfig(inject('kubeconfig'));
  const path = join(folder, name);
  writeFileSync(path, await serviceAccountKubeconfig(admin, config, namespace, name));
  const connection = new Connection(loadKubeConfig(path));
  connections.push(connection);
  return new Client(connection);
}

let count = 0;
function create(client: Client, roleRef: { kind: string; name: string }): Promise<KubeObject> {
  const metadata = { namespace, name: `by-${++count}` };
  const object = { metadata, spec: { group: STAFF, roleRef } };
  return client.create<KubeObject>(SCIM_GROUP_BINDINGS, object, TEST_MANAGER);
}

const patch = (client: Client, { metadata }: KubeObject, change: object) =>
  client.mergePatch(SCIM_GROUP_BINDINGS, { namespace, name: metadata.name }, change, {
    fieldManager: TEST_MANAGER,
  });

describe('a user without the verb bind on a role', () => {
  it.each([
    ['a Role', READER],
    ['a ClusterRole', VIEW],
  ])("can't grant %s", async (_, roleRef) => {
    await expect(create(stranger, roleRef)).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(`you may not grant ${roleRef.kind} ${roleRef.name}`),
    });
  });

  it("can't grant it to another group, but can make changes that grant nothing", async () => {
    const made = await create(binder, READER);
    const other = { spec: { group: { displayName: 'All' } } };
    await expect(patch(stranger, made, other)).rejects.toThrow(/may not grant Role reader/);
    await patch(stranger, made, { metadata: { annotations: { 'example.com/seen': 'yes' } } });
    await patch(binder, made, other);
    await stranger.delete(SCIM_GROUP_BINDINGS, { namespace, name: made.metadata.name });
  });
});

describe('a user with the verb bind on a role', () => {
  it.each([
    ['the Role', READER],
    ['the ClusterRole', VIEW],
  ])('can grant %s', async (_, roleRef) => {
    expect((await create(binder, roleRef)).metadata.uid).toBeDefined();
  });

  it.each([
    ['another Role', { kind: 'Role', name: 'writer' }],
    ['another ClusterRole', { kind: 'ClusterRole', name: 'admin' }],
    ['a ClusterRole with the name of the Role', { kind: 'ClusterRole', name: 'reader' }],
  ])("can't grant %s", async (_, roleRef) => {
    await expect(create(binder, roleRef)).rejects.toThrow(/may not grant/);
  });
});

describe('the admission policy', () => {
  it('hinders neither the operator nor the garbage collector', async () => {
    const operator = fixture.start(FOLLOWING);
    const people = new People(fixture.store, namespace);
    await people.add('ann');
    await people.group(STAFF, ['ann']);
    const binding = new TestGroupBinding(binder, namespace);
    await binding.apply();
    const seen = new TestGroupBinding(fixture.admin, namespace, binding.name);
    await seen.binds('scim:ann');
    await seen.settled('True', 'Succeeded');
    await binding.delete();
    await seen.binds();
    await operator.stop();
  });

  it('is reported in a condition, a metric and the log if it is not in force', async () => {
    const { log, lines } = captureLog();
    const { registry } = fixture.start({ ...FOLLOWING, log });
    const states = async () =>
      parseExposition(await registry.metrics())
        .filter(({ name }) => name === 'scim_operator_admission_policy')
        .map(({ labels }) => labels.state);
    const told = (text: string) => lines.some(({ msg }) => msg === text);
    const binding = new TestGroupBinding(fixture.admin, namespace, 'guarded');
    await binding.apply();
    await binding.binds('scim:ann');
    await eventually(async () => expect(await states()).toEqual(['enforced']));
    await eventually(() =>
      expect(told('authors of ScimGroupBindings must hold the verb bind')).toBe(true),
    );
    await eventually(async () => expect(await binding.condition('Unguarded')).toBeUndefined());

    const name = { name: groupBindingPolicy()[1].metadata.name };
    await fixture.admin.delete(ADMISSION_POLICY_BINDINGS, name);
    await eventually(async () =>
      expect(await binding.condition('Unguarded')).toMatchObject({
        status: 'True',
        reason: 'AdmissionPolicyMissing',
        message: expect.stringMatching(/No ValidatingAdmissionPolicyBinding puts .* in force/),
      }),
    );
    await eventually(async () => expect(await states()).toEqual(['missing']));
    await eventually(() =>
      expect(told('authors of ScimGroupBindings may be able to grant too much')).toBe(true),
    );
    await binding.settled('True', 'Succeeded');
    await binding.binds('scim:ann');

    await applyGroupBindingPolicy(fixture.admin, TEST_MANAGER);
    await eventually(async () => expect(await binding.condition('Unguarded')).toBeUndefined());
    await eventually(async () => expect(await states()).toEqual(['enforced']));
  });
});
