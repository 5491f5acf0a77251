import { describe, expect, it } from 'vitest';
import {
  EVENTS,
  type KubeObject,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';

const fixture = useOperator({ starts: {} });

const foreignObject = (namespace: string, name: string, more: object = {}) =>
  ({ metadata: { namespace, name }, ...more }) as KubeObject;

const SUBJECT = { kind: 'ServiceAccount', namespace: 'default', name: 'default' };
const VIEW = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };

describe('an existing object that does not belong to the operator', () => {
  it.each<[string, ResourceDefinition, string, string, object]>([
    ['Secret', SECRETS, 'idp-scim-token', 'SecretConflict', { data: { token: 'bWluZQ==' } }],
    ['ServiceAccount', SERVICE_ACCOUNTS, 'scim-idp', 'ObjectConflict', {}],
    ['Role', ROLES, 'SCIMProvisioner', 'ObjectConflict', { rules: [] }],
    [
      'RoleBinding',
      ROLE_BINDINGS,
      'scim-idp',
      'ObjectConflict',
      { roleRef: VIEW, subjects: [SUBJECT] },
    ],
  ])(
    'is left alone if it is a %s, and the integration is not ready until it is deleted',
    async (_, resource, name, reason, more) => {
      const namespace = await createNamespace(fixture.admin, 'tenant');
      const foreign = await fixture.admin.create(
        resource,
        foreignObject(namespace, name, more),
        TEST_MANAGER,
      );
      const integration = await TestIntegration.createIn(fixture, namespace);
      const { status } = await integration.settled('False', reason);
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready?.message).toMatch(new RegExp(`${name}.*delete`));
      const after = await fixture.admin.get<KubeObject>(resource, { namespace, name });
      expect(after.metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);

      await fixture.admin.delete(resource, { namespace, name });
      // Any change to the integration triggers a reconcile; without one, it happens within 30 s.
      await integration.patch({ metadata: { annotations: { looked: 'again' } } });
      await eventually(async () => {
        await integration.patch({
          metadata: { annotations: { looked: String(performance.now()) } },
        });
        await integration.settled('True', 'Succeeded');
      });
    },
  );

  it('is reported in a single event', async () => {
    const namespace = await createNamespace(fixture.admin, 'tenant');
    await fixture.admin.create(SECRETS, foreignObject(namespace, 'idp-scim-token'), TEST_MANAGER);
    const integration = await TestIntegration.createIn(fixture, namespace);
    await integration.settled('False', 'SecretConflict');
    await integration.patch({ spec: { description: 'another generation' } });
    await integration.settled('False', 'SecretConflict');
    await eventually(async () => {
      const { items } = await fixture.admin.list<KubeObject & { reason: string }>(EVENTS, {
        namespace,
      });
      expect((items ?? []).filter(({ reason }) => reason === 'SecretConflict')).toHaveLength(1);
    });
  });
});

describe('a Secret with the labels of a deleted integration', () => {
  it('is adopted with its token and its endpoint', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    const { metadata, ...rest } = await integration.secret();
    const { labels, annotations } = metadata;
    // This is the order of a restore into a new cluster. The Secret comes first, and the
    // integration then has a new UID and no status.
    const namespace = await createNamespace(fixture.admin, 'tenant');
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await fixture.admin.create(
      SECRETS,
      {
        ...rest,
        metadata: {
          namespace,
          name: metadata.name,
          labels,
          annotations,
        },
        data: {
          token: rest.data?.token ?? '',
          integrationId: Buffer.from('restored_id_123456789').toString('base64'),
        },
      } as KubeObject,
      TEST_MANAGER,
    );
    const restored = await TestIntegration.createIn(fixture, namespace);
    const after = await restored.settled('True');
    expect(after.status?.integrationId).toBe('restored_id_123456789');
    expect(await restored.token()).toBe(token);
    expect(await restored.authenticate(token)).toBeDefined();
  });
});
