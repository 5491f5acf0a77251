/** Mutating admission policies change what the operator writes. */
import { beforeAll, describe, expect, it } from 'vitest';
import { parseExposition } from '../../hack/process/exposition.ts';
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
import {
  type OperatorFixture,
  TestIntegration,
  unique,
  useOperator,
} from '../support/operator/fixture.ts';

const ADMISSION = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };
const POLICIES: ResourceDefinition = {
  ...ADMISSION,
  plural: 'mutatingadmissionpolicies',
  kind: 'MutatingAdmissionPolicy',
};
const BINDINGS: ResourceDefinition = {
  ...ADMISSION,
  plural: 'mutatingadmissionpolicybindings',
  kind: 'MutatingAdmissionPolicyBinding',
};

const fixture = useOperator();
let operator: ReturnType<OperatorFixture['start']>;
beforeAll(() => {
  // With this clock, a wait of 30 s takes one second.
  operator = fixture.start({ clock: () => 30 * performance.now() });
});

interface Mutation {
  readonly resource: ResourceDefinition;
  readonly name: string;
  /** JSONPatch operations in CEL. */
  readonly patch: string;
  /** Whether the policy has changed the object. */
  readonly isChanged: (object: KubeObject) => boolean;
}

const create = (resource: ResourceDefinition, object: object) =>
  fixture.admin.create(resource, object as KubeObject, TEST_MANAGER);

/**
 * Installs a policy for objects of this name in the namespace; returns a function that removes it.
 */
async function mutate(
  namespace: string,
  { resource, name, patch, isChanged }: Mutation,
): Promise<() => Promise<void>> {
  const policy = unique('changes');
  const { group, version, plural } = resource;
  await create(POLICIES, {
    metadata: { name: policy },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [group],
            apiVersions: [version],
            resources: [plural],
            operations: ['CREATE', 'UPDATE'],
          },
        ],
      },
      matchConditions: [{ name: 'name', expression: `object.metadata.name == '${name}'` }],
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: patch } }],
    },
  });
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  await create(BINDINGS, {
    metadata: { name: policy },
    spec: { policyName: policy, matchResources: { namespaceSelector } },
  });
  await untilHeeded(namespace, resource, name, isChanged);
  return async () => {
    await fixture.admin.delete(BINDINGS, { name: policy });
    await fixture.admin.delete(POLICIES, { name: policy });
  };
}

/** The API server doesn't apply a new policy right away. */
async function untilHeeded(
  namespace: string,
  resource: ResourceDefinition,
  name: string,
  isChanged: Mutation['isChanged'],
): Promise<void> {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'none' };
  const subjects = [{ kind: 'ServiceAccount', namespace, name: 'none' }];
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
  await eventually(async () => {
    const metadata = { namespace, name, labels: { 'app.kubernetes.io/managed-by': 'try' } };
    const tried: KubeObject = {
      metadata,
      ...(resource === ROLE_BINDINGS ? { roleRef, subjects } : {}),
      ...(resource === ROLES ? { rules } : {}),
      ...(resource === SECRETS ? { data: { endpoint: 'dHJ5', token: 'dHJ5' } } : {}),
    } as KubeObject;
    const made = await fixture.admin.create(resource, tried, TEST_MANAGER);
    await fixture.admin.delete(resource, { namespace, name });
    expect(isChanged(made)).toBe(true);
  });
}

const WITHOUT_LABEL =
  "has(object.metadata.labels) && 'app.kubernetes.io/managed-by' in object.metadata.labels ? [JSONPatch{op: 'remove', path: '/metadata/labels/app.kubernetes.io~1managed-by'}] : []";
const hasNoLabel = ({ metadata }: KubeObject) =>
  metadata.labels?.['app.kubernetes.io/managed-by'] === undefined;
const field = (object: KubeObject, name: string) =>
  JSON.stringify((object as unknown as Record<string, unknown>)[name]);

const SECRET = { resource: SECRETS, name: 'idp-scim-token' };
const SERVICE_ACCOUNT = { resource: SERVICE_ACCOUNTS, name: 'scim-idp' };

/**
 * What the policy changes, how the status names it, and whether the integration is ready anyway.
 */
const CASES: readonly (readonly [string, Mutation, string, 'True' | 'False'])[] = [
  [
    'the label of the ServiceAccount',
    { ...SERVICE_ACCOUNT, patch: WITHOUT_LABEL, isChanged: hasNoLabel },
    'ServiceAccount scim-idp: metadata.labels[app.kubernetes.io/managed-by] is changed on every write; exempt the object from the mutating admission policy or webhook that does this',
    'True',
  ],
  [
    'automountServiceAccountToken',
    {
      ...SERVICE_ACCOUNT,
      patch: "[JSONPatch{op: 'add', path: '/automountServiceAccountToken', value: true}]",
      isChanged: (object) => field(object, 'automountServiceAccountToken') === 'true',
    },
    'automountServiceAccountToken is changed on every write',
    'False',
  ],
  [
    'the rules of the Role',
    {
      resource: ROLES,
      name: 'SCIMProvisioner',
      patch: "[JSONPatch{op: 'replace', path: '/rules/0/verbs/0', value: 'get'}]",
      isChanged: (object) => field(object, 'rules')?.includes('"verbs":["get"') === true,
    },
    'Role SCIMProvisioner: rules is changed on every write',
    'False',
  ],
  [
    'the subjects of the RoleBinding',
    {
      resource: ROLE_BINDINGS,
      name: 'scim-idp',
      patch: "[JSONPatch{op: 'replace', path: '/subjects/0/name', value: 'mallory'}]",
      isChanged: (object) => field(object, 'subjects')?.includes('mallory') === true,
    },
    'RoleBinding scim-idp: subjects is changed on every write',
    'False',
  ],
  [
    'the label of the Secret',
    { ...SECRET, patch: WITHOUT_LABEL, isChanged: hasNoLabel },
    'Secret idp-scim-token: metadata.labels[app.kubernetes.io/managed-by] is changed on every write',
    'True',
  ],
  [
    'the endpoint in the Secret',
    {
      ...SECRET,
      patch:
        "has(object.data) ? [JSONPatch{op: 'add', path: '/data/endpoint', value: 'bWluZQ=='}] : []",
      isChanged: (object) => field(object, 'data')?.includes('bWluZQ==') === true,
    },
    'Secret idp-scim-token: data.endpoint is changed on every write',
    'True',
  ],
  [
    'the token in the Secret',
    {
      ...SECRET,
      patch:
        "has(object.data) ? [JSONPatch{op: 'add', path: '/data/token', value: 'bWluZQ=='}] : []",
      isChanged: (object) => field(object, 'data')?.includes('"token":"bWluZQ=="') === true,
    },
    'data.token is changed on every write',
    'False',
  ],
];

async function drifts(namespace: string): Promise<readonly string[]> {
  type Event = KubeObject & { readonly reason: string; readonly note: string };
  const { items } = await fixture.admin.list<Event>(EVENTS, { namespace });
  return (items ?? []).filter(({ reason }) => reason === 'DriftCorrected').map(({ note }) => note);
}

async function reconciles(): Promise<number> {
  return parseExposition(await operator.registry.metrics())
    .filter(({ name }) => name === 'controller_runtime_reconcile_total')
    .reduce((sum, { value }) => sum + value, 0);
}

describe('a mutating admission policy that changes', () => {
  it.concurrent.each(CASES)(
    '%s is reported, never counts as drift, and can be removed',
    async (_, mutation, message, ready) => {
      const namespace = await createNamespace(fixture.admin, 'tenant');
      const remove = await mutate(namespace, mutation);
      const integration = await TestIntegration.createIn(fixture, namespace);
      await eventually(async () => {
        expect(await integration.condition('Contended')).toMatchObject({
          status: 'True',
          reason: 'ChangedByOthers',
          message: expect.stringContaining(message),
        });
        expect((await integration.condition('Ready'))?.status).toBe(ready);
      });
      expect(await drifts(namespace)).toEqual([]);
      const key = { namespace, name: mutation.name };
      const { metadata } = await fixture.admin.get<KubeObject>(mutation.resource, key);
      // This triggers a reconcile, which still writes nothing.
      await integration.patch({ spec: { displayName: 'Another name' } });
      await integration.settled(ready);
      expect(await fixture.admin.get<KubeObject>(mutation.resource, key)).toMatchObject({
        metadata: { resourceVersion: metadata.resourceVersion },
      });
      await remove();
      await eventually(
        async () => {
          await integration.patch({
            metadata: { annotations: { looked: String(performance.now()) } },
          });
          expect(await integration.condition('Contended')).toBeUndefined();
        },
        { everyMs: 500 },
      );
      await integration.settled('True', 'Succeeded');
      expect(mutation.isChanged(await fixture.admin.get(mutation.resource, key))).toBe(false);
      expect((await drifts(namespace)).length).toBeLessThanOrEqual(1);
    },
    120_000,
  );

  it('the label of the Secret does not keep its deletion from revoking the token', async () => {
    const namespace = await createNamespace(fixture.admin, 'tenant');
    const rule = { ...SECRET, patch: WITHOUT_LABEL, isChanged: hasNoLabel };
    const remove = await mutate(namespace, rule);
    const integration = await TestIntegration.createIn(fixture, namespace);
    await integration.settled('True', 'Succeeded');
    await eventually(async () => expect(await integration.condition('Contended')).toBeDefined());
    const token = await integration.token();
    await fixture.admin.delete(SECRETS, { namespace, name: SECRET.name });
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await remove();
  });

  it('an object causes only a few reconciles', async () => {
    // A loop would have caused thousands by now.
    expect(await reconciles()).toBeLessThan(200 * CASES.length);
  });
});
