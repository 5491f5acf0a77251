/** The policies that confine the operator's ServiceAccount: its own work passes, an attack with its token doesn't. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  LABEL_MANAGED_BY,
  MANAGED_BY,
  SCIM_GROUP_BINDINGS,
  SCIM_INTEGRATIONS,
} from '../../src/crd/names.ts';
import { confinementPolicies } from '../../src/crd/operator-policy.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import type { Role, RoleBinding, Secret } from '../../src/kube/objects.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { CONSOLE_RULES, defaultRoleRules } from '../../src/operator/rbac.ts';
import { eventually } from '../support/eventually.ts';
import { userOf } from '../support/kube/access.ts';
import { createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  People,
  READER,
  STAFF,
  TestGroupBinding,
} from '../support/operator/group-bindings.ts';

const fixture = useOperator({
  rules: [...BINDING_RULES, ...CONSOLE_RULES, ...defaultRoleRules(['view'])],
});
/** With the operator's token. */
let attacker: Client;
let namespace: string;

const RBAC = 'rbac.authorization.k8s.io';
const LABELS = { [LABEL_MANAGED_BY]: MANAGED_BY };
const manager = { fieldManager: TEST_MANAGER };

beforeAll(async () => {
  const { admin, kubeconfig } = fixture;
  const account = { namespace: fixture.namespace, name: fixture.namespace };
  const policies = confinementPolicies({ name: fixture.namespace, user: userOf(account) });
  for (const policy of policies) {
    const isPolicy = policy.kind === ADMISSION_POLICIES.kind;
    const resource = isPolicy ? ADMISSION_POLICIES : ADMISSION_POLICY_BINDINGS;
    await admin.create<KubeObject>(resource, policy, TEST_MANAGER);
  }
  attacker = new Client(new Connection(loadKubeConfig(kubeconfig)));
  namespace = await createNamespace(admin, 'victim');
  // The API server takes a moment to know each of them.
  for (const resource of [SECRETS, SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS, SCIM_INTEGRATIONS]) {
    let count = 0;
    await eventually(() => {
      const metadata = { namespace, name: `not-ours-${++count}` };
      const roleRef = { apiGroup: RBAC, kind: 'Role', name: READER.name };
      const parts = new Map<ResourceDefinition, object>([
        [ROLE_BINDINGS, { roleRef }],
        [SCIM_INTEGRATIONS, { spec: { deletionPolicy: 'Delete' } }],
      ]);
      const object = { metadata, ...parts.get(resource) };
      return expect(attacker.create<KubeObject>(resource, object, TEST_MANAGER)).rejects.toThrow(
        `${fixture.namespace}-${resource.plural}`,
      );
    });
  }
  fixture.start({ sweepIntervalMs: 200, deprovisionDelayMs: 0, ...FOLLOWING });
});

describe('the confined operator', () => {
  it('creates what people enter in the console', async () => {
    const spec = {
      displayName: 'Okta',
      description: 'By Ada',
      type: 'SCIM2',
      tenant: namespace,
      identityProvider: 'Okta',
    };
    const object = { metadata: { namespace, name: 'okta' }, spec } as KubeObject;
    await attacker.create(SCIM_INTEGRATIONS, object, TEST_MANAGER);
    await new TestIntegration(fixture, namespace, 'okta').settled('True', 'Succeeded');
  });

  it('lives through the whole life of an integration', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True', 'Succeeded');
    const first = await integration.token();
    const key = { namespace: integration.namespace, name: 'idp-scim-token' };

    // Without its label, and with another endpoint.
    const change = { metadata: { labels: { [LABEL_MANAGED_BY]: null } }, data: { endpoint: '' } };
    await fixture.admin.mergePatch(SECRETS, key, change, manager);
    await eventually(async () => {
      const { metadata, data } = await integration.secret();
      expect(metadata.labels).toMatchObject(LABELS);
      expect(data?.endpoint).not.toBe('');
    });

    await integration.patch({ metadata: { annotations: { 'scim-operator.dev/rotate': '1' } } });
    await eventually(async () => expect(await integration.token()).not.toBe(first));

    await integration.patch({ spec: { token: { secretName: 'moved' } } });
    await eventually(async () => expect(await integration.token('moved')).not.toBe(''));
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));

    const child = { namespace: integration.namespace, name: 'scim-idp' };
    await fixture.admin.delete(ROLE_BINDINGS, child);
    const wrong: RoleBinding = {
      metadata: { ...child, labels: LABELS, ownerReferences: [await ownerOf(integration)] },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
    };
    await fixture.admin.apply(ROLE_BINDINGS, wrong, TEST_MANAGER).catch(() => undefined);
    await eventually(async () => {
      const { roleRef } = await fixture.admin.get<RoleBinding>(ROLE_BINDINGS, child);
      expect(roleRef?.name).toBe('SCIMProvisioner');
    });
    await fixture.admin.mergePatch(
      ROLES,
      { namespace: integration.namespace, name: 'SCIMProvisioner' },
      { rules: [] },
      manager,
    );
    await eventually(async () => {
      const role = { namespace: integration.namespace, name: 'SCIMProvisioner' };
      expect((await fixture.admin.get<Role>(ROLES, role)).rules).not.toEqual([]);
    });
    await integration.settled('True', 'Succeeded');

    await integration.delete();
    await eventually(() => expect(integration.secret('moved')).rejects.toThrow(/404/));
  });

  it('follows a group, and takes out what somebody else put in', async () => {
    const binding = await TestGroupBinding.create(fixture.admin);
    const people = new People(fixture.store, binding.namespace);
    await people.add('ann', 'bob');
    const group = await people.group(STAFF, ['ann', 'bob']);
    await binding.binds('scim:ann', 'scim:bob');
    const [roleBinding] = await binding.roleBindings();
    const key = { namespace: binding.namespace, name: roleBinding?.metadata.name ?? '' };
    const intruder = { apiGroup: RBAC, kind: 'Group', name: 'system:authenticated' };
    const subjects = [...(roleBinding?.subjects ?? []), intruder];
    await fixture.admin.mergePatch(ROLE_BINDINGS, key, { subjects }, manager);
    await people.leave(group, 'bob');
    await binding.binds('scim:ann');
    await fixture.admin.delete(SCIM_GROUP_BINDINGS, binding.key);
    await binding.binds();
  });
});

async function ownerOf(integration: TestIntegration) {
  const { metadata } = await integration.get();
  const { group, version, kind } = SCIM_INTEGRATIONS;
  return { apiVersion: `${group}/${version}`, kind, name: metadata.name, uid: metadata.uid };
}

describe('with its token, nobody can', () => {
  const secret = (name: string, more: Partial<Secret> = {}): Secret => ({
    metadata: { namespace, name, labels: LABELS },
    ...more,
  });
  // The client quotes nothing that concerns a Secret but the name of the policy.
  const SECRET_REFUSAL = /ValidatingAdmissionPolicy operator-\w+-secrets/;

  it('create a token of another ServiceAccount', async () => {
    const annotations = { 'kubernetes.io/service-account.name': 'default' };
    const metadata = { namespace, name: 'stolen', labels: LABELS, annotations };
    const type = 'kubernetes.io/service-account-token';
    await expect(
      attacker.create<Secret>(SECRETS, { metadata, type }, TEST_MANAGER),
    ).rejects.toThrow(SECRET_REFUSAL);
    await expect(attacker.apply<Secret>(SECRETS, { metadata, type }, TEST_MANAGER)).rejects.toThrow(
      SECRET_REFUSAL,
    );
  });

  it('change or delete a Secret of somebody else, not even by giving it our label', async () => {
    const metadata = { namespace, name: 'theirs' };
    await fixture.admin.create<Secret>(SECRETS, { metadata }, TEST_MANAGER);
    const changes = [{ data: { password: 'ZXZpbA==' } }, { metadata: { labels: LABELS } }];
    for (const change of changes)
      await expect(attacker.mergePatch(SECRETS, metadata, change, manager)).rejects.toThrow(
        SECRET_REFUSAL,
      );
    await expect(attacker.delete(SECRETS, metadata)).rejects.toThrow(SECRET_REFUSAL);
  });

  it('change or delete a labelled Secret of another type', async () => {
    const type = 'example.com/licence';
    await fixture.admin.create(SECRETS, secret('licence', { type }), TEST_MANAGER);
    await expect(attacker.delete(SECRETS, { namespace, name: 'licence' })).rejects.toThrow(
      SECRET_REFUSAL,
    );
  });

  it('create a Role of another name', async () => {
    const metadata = { namespace, name: 'everything', labels: LABELS };
    await expect(attacker.create(ROLES, { metadata }, TEST_MANAGER)).rejects.toThrow(
      /may only write Roles named SCIMProvisioner/,
    );
  });

  it.each([
    ['of another name', 'everything', READER.name, [], /may only write RoleBindings named/],
    [
      'of an integration, with another role',
      'scim-idp',
      READER.name,
      [],
      /may only bind the Role SCIMProvisioner/,
    ],
    [
      'of a group, for a ServiceAccount',
      'scim:group:x:0',
      READER.name,
      [{ kind: 'ServiceAccount', namespace: 'default', name: 'default' }],
      /may only add Users/,
    ],
    [
      'of a group, for a user of Kubernetes',
      'scim:group:x:0',
      READER.name,
      [{ apiGroup: RBAC, kind: 'User', name: 'system:serviceaccount:default:default' }],
      /may only add Users, and none whose name begins with system:/,
    ],
  ])('create a RoleBinding %s', async (_, name, role, subjects, said) => {
    const binding: RoleBinding = {
      metadata: { namespace, name },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
      subjects,
    };
    await expect(attacker.create(ROLE_BINDINGS, binding, TEST_MANAGER)).rejects.toThrow(said);
  });

  it.each([
    ['a Role', 'Role', [{ kind: 'Group', name: 'scim:acme' }]],
    ['a user', 'ClusterRole', [{ kind: 'User', name: 'scim:ada' }]],
    ['a group of Kubernetes', 'ClusterRole', [{ kind: 'Group', name: 'system:authenticated' }]],
  ])('bind a default role with %s', async (_, kind, subjects) => {
    const binding: RoleBinding = {
      metadata: { namespace, name: 'scim:default:x' },
      roleRef: { apiGroup: RBAC, kind, name: 'view' },
      subjects: subjects.map((each) => ({ apiGroup: RBAC, ...each })),
    };
    await expect(attacker.create(ROLE_BINDINGS, binding, TEST_MANAGER)).rejects.toThrow(
      /may only bind a ClusterRole to Groups/,
    );
  });

  it.each([
    { integrationId: 'a'.repeat(21) },
    { token: { existingSecret: { name: 'theirs', key: 'token' } } },
    { deletionPolicy: 'Delete' },
    { enabled: false },
  ])('create an integration with %j', async (spec) => {
    const object = { metadata: { namespace, name: 'evil' }, spec } as KubeObject;
    await expect(attacker.create(SCIM_INTEGRATIONS, object, TEST_MANAGER)).rejects.toThrow(
      /may only create ScimIntegrations with displayName/,
    );
  });

  it('change more of an integration than the console does', async () => {
    const { admin } = fixture;
    const key = { namespace, name: 'paused' };
    const metadata = { ...key, annotations: { 'scim-operator.dev/reconcile': 'disabled' } };
    const spec = { displayName: 'Paused', token: { secretName: 'x' } };
    await admin.create(SCIM_INTEGRATIONS, { metadata, spec } as KubeObject, TEST_MANAGER);
    const change = (patch: object) =>
      attacker.mergePatch<KubeObject>(SCIM_INTEGRATIONS, key, patch, manager);
    const changes = [
      { spec: { token: { secretName: 'y' } } },
      { spec: { token: null } },
      { spec: { deletionPolicy: 'Delete' } },
      { spec: { enabled: false, displayName: 'Other' } },
      { metadata: { annotations: { 'scim-operator.dev/reconcile': null } } },
      { metadata: { annotations: { other: 'x' } } },
      { metadata: { labels: { other: 'x' } } },
      { metadata: { finalizers: ['example.com/hold'] } },
    ];
    for (const each of changes)
      await expect(change(each)).rejects.toThrow(/may only change spec.enabled/);
    const annotations = { 'scim-operator.dev/rotate': '1' };
    await change({ metadata: { annotations }, spec: { enabled: false } });
    await change({ spec: { enabled: null } });
    await attacker.delete(SCIM_INTEGRATIONS, key);
  });

  it('delete a RoleBinding of somebody else', async () => {
    const metadata = { namespace, name: 'theirs' };
    const roleRef = { apiGroup: RBAC, kind: 'Role', name: READER.name };
    await fixture.admin.create<RoleBinding>(ROLE_BINDINGS, { metadata, roleRef }, TEST_MANAGER);
    await expect(attacker.delete(ROLE_BINDINGS, metadata)).rejects.toThrow(
      /may only write RoleBindings named/,
    );
  });
});

describe('others', () => {
  it('are not affected', async () => {
    const metadata = { namespace, name: 'by-an-administrator' };
    await fixture.admin.create<Secret>(SECRETS, { metadata }, TEST_MANAGER);
    await fixture.admin.create<Role>(ROLES, { metadata }, TEST_MANAGER);
    await fixture.admin.delete(SECRETS, metadata);
  });
});
