import { beforeAll, describe, expect, it } from 'vitest';
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
import { TEST_MANAGER } from '../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';

const fixture = useOperator({ starts: {} });
let integration: TestIntegration;
beforeAll(async () => {
  integration = await TestIntegration.create(fixture);
  await integration.settled('True');
});

interface Child {
  readonly resource: ResourceDefinition;
  readonly name: string;
}
const SECRET: Child = { resource: SECRETS, name: 'idp-scim-token' };
const SERVICE_ACCOUNT: Child = { resource: SERVICE_ACCOUNTS, name: 'scim-idp' };
const ROLE: Child = { resource: ROLES, name: 'SCIMProvisioner' };
const ROLE_BINDING: Child = { resource: ROLE_BINDINGS, name: 'scim-idp' };

const read = ({ resource, name }: Child) =>
  fixture.admin.get<KubeObject>(resource, { namespace: integration.namespace, name });

/** Everything that the operator sets, without what the API server adds. */
function essence({ metadata, ...rest }: KubeObject): object {
  const { labels, annotations, ownerReferences, name } = metadata;
  return { ...rest, metadata: { labels, annotations, ownerReferences, name } };
}

describe('the operator corrects', () => {
  it.each<[string, Child, object]>([
    [
      'a label removed from the Secret',
      SECRET,
      { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } },
    ],
    ['a changed endpoint in the Secret', SECRET, { data: { endpoint: 'ZXZpbA==' } }],
    ['an integrationId removed from the Secret', SECRET, { data: { integrationId: null } }],
    [
      'a changed owner annotation of the Secret',
      SECRET,
      { metadata: { annotations: { 'scim-operator.dev/integration-uid': 'x' } } },
    ],
    [
      'a ServiceAccount that mounts its token',
      SERVICE_ACCOUNT,
      { automountServiceAccountToken: true },
    ],
    [
      'a label removed from the ServiceAccount',
      SERVICE_ACCOUNT,
      { metadata: { labels: { 'scim-operator.dev/integration': null } } },
    ],
    [
      'a ServiceAccount without its owner',
      SERVICE_ACCOUNT,
      { metadata: { ownerReferences: null } },
    ],
    [
      'rules added to the Role',
      ROLE,
      { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] },
    ],
    [
      'a label removed from the Role',
      ROLE,
      { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } },
    ],
    [
      'subjects added to the RoleBinding',
      ROLE_BINDING,
      { subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'mallory' }] },
    ],
  ])('%s', async (_, child, patch) => {
    const before = essence(await read(child));
    const key = { namespace: integration.namespace, name: child.name };
    const broken = await fixture.admin.mergePatch<KubeObject>(child.resource, key, patch, {
      fieldManager: TEST_MANAGER,
    });
    expect(essence(broken)).not.toEqual(before);
    await eventually(async () => expect(essence(await read(child))).toEqual(before));
  });

  it.each<[string, Child]>([
    ['a deleted ServiceAccount', SERVICE_ACCOUNT],
    ['a deleted Role', ROLE],
    ['a deleted RoleBinding', ROLE_BINDING],
  ])('%s', async (_, child) => {
    const before = await read(child);
    await fixture.admin.delete(child.resource, {
      namespace: integration.namespace,
      name: child.name,
    });
    await eventually(async () => {
      const made = await read(child);
      expect(made.metadata.uid).not.toBe(before.metadata.uid);
      expect(essence(made)).toEqual(essence(before));
    });
    await integration.settled('True');
  });

  it('a RoleBinding recreated with another role', async () => {
    const before = (await read(ROLE_BINDING)) as KubeObject & { roleRef: object; subjects: object };
    await fixture.admin.delete(ROLE_BINDINGS, {
      namespace: integration.namespace,
      name: 'scim-idp',
    });
    const { labels, ownerReferences } = before.metadata;
    await eventually(async () => {
      const made = await read(ROLE_BINDING);
      await fixture.admin.delete(
        ROLE_BINDINGS,
        { namespace: integration.namespace, name: 'scim-idp' },
        made.metadata.uid,
      );
      await fixture.admin.create(
        ROLE_BINDINGS,
        {
          metadata: {
            namespace: integration.namespace,
            name: 'scim-idp',
            labels,
            ownerReferences,
          } as KubeObject['metadata'],
          roleRef: {
            apiGroup: 'rbac.authorization.k8s.io',
            kind: 'ClusterRole',
            name: 'cluster-admin',
          },
          subjects: before.subjects,
        } as KubeObject,
        TEST_MANAGER,
      );
    });
    await eventually(async () =>
      expect(essence(await read(ROLE_BINDING))).toEqual(essence(before)),
    );
  });

  it('its own fields without touching what others added', async () => {
    const key = { namespace: integration.namespace, name: 'scim-idp' };
    const patch = {
      metadata: { annotations: { 'example.com/note': 'mine' } },
      automountServiceAccountToken: true,
    };
    await fixture.admin.mergePatch(SERVICE_ACCOUNTS, key, patch, { fieldManager: TEST_MANAGER });
    await eventually(async () => {
      const corrected = (await read(SERVICE_ACCOUNT)) as KubeObject & {
        automountServiceAccountToken: boolean;
      };
      expect(corrected.automountServiceAccountToken).toBe(false);
      expect(corrected.metadata.annotations).toMatchObject({ 'example.com/note': 'mine' });
    });
  });

  it('drift without changing the token, and reports it in an event', async () => {
    const token = await integration.token();
    expect(await integration.authenticate(token)).toBeDefined();
    await eventually(async () => {
      const { items } = await fixture.admin.list<KubeObject & { reason: string }>(EVENTS, {
        namespace: integration.namespace,
      });
      expect((items ?? []).map(({ reason }) => reason)).toContain('DriftCorrected');
    });
    expect(await integration.token()).toBe(token);
  });
});
