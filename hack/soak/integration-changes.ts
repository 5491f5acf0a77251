/** What users do to integrations and their objects, whether they should or not. */
import { childNameOf, secretNameOf } from '../../src/crd/defaults.ts';
import { ROLE_NAME, SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import {
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import type { RandomChange } from './kind.ts';
import type { Random } from './random.ts';
import { sendScim } from './scim-client.ts';
import { MANAGER, type World } from './world.ts';

/** Few, so that the same ones are changed repeatedly. */
const MOST = 30;

let created = 0;

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function createOne({ admin, namespaces }: World, random: Random) {
  const metadata = { namespace: random.pick(namespaces), name: `idp-${++created}` };
  // Nothing is created for an integration that names another namespace's tenant.
  const tenant = random.chance(0.1) ? { tenant: 'somebody-else' } : {};
  const spec = { ...randomSpec(random), ...tenant };
  await admin.create(SCIM_INTEGRATIONS, { metadata, spec } as KubeObject, MANAGER);
}

const randomSpec = (random: Random) => ({
  enabled: random.chance(0.8),
  deletionPolicy: random.pick(['Retain', 'Delete']),
});

/** Changes a random integration, or creates one if there is none. */
const toOne =
  (change: (world: World, random: Random, integration: KubeIntegration) => Promise<unknown>) =>
  async (world: World, random: Random) => {
    const { items } = await world.admin.list<KubeIntegration>(SCIM_INTEGRATIONS);
    const ours = (items ?? []).filter(({ metadata }) =>
      world.namespaces.includes(metadata.namespace),
    );
    if (ours.length === 0) return createOne(world, random);
    return change(world, random, random.pick(ours));
  };

const toSpec = (spec: (random: Random, integration: KubeIntegration) => object) =>
  toOne(({ admin }, random, integration) =>
    patch(admin, SCIM_INTEGRATIONS, keyOf(integration), { spec: spec(random, integration) }),
  );

const patch = (
  admin: World['admin'],
  resource: ResourceDefinition,
  key: ObjectKey,
  change: object,
) => admin.mergePatch(resource, key, change, { fieldManager: MANAGER });

const toSecret = (change: object) =>
  toOne(({ admin }, _, integration) => patch(admin, SECRETS, secretKey(integration), change));

const toChild = (resource: ResourceDefinition, change: object) =>
  toOne(({ admin }, _, integration) => patch(admin, resource, childKey(integration), change));

const secretKey = (integration: KubeIntegration) => ({
  namespace: integration.metadata.namespace,
  name: secretNameOf(integration),
});

const childKey = (integration: KubeIntegration) => ({
  namespace: integration.metadata.namespace,
  name: childNameOf(integration),
});

export const INTEGRATION_CHANGES: Readonly<Record<string, RandomChange>> = {
  'integration created': async (world, random) => {
    const { items } = await world.admin.list(SCIM_INTEGRATIONS);
    if ((items?.length ?? 0) < MOST) await createOne(world, random);
  },
  'integration deleted': toOne(({ admin }, _, integration) =>
    admin.delete(SCIM_INTEGRATIONS, keyOf(integration)),
  ),
  // Never recreated for a tenant that it may not use. Its objects would then be left to the garbage
  // collector of Kubernetes, which doesn't notice that the owner is a new object if it couldn't
  // reach the API server during both changes.
  'integration deleted and recreated': toOne(async ({ admin }, random, { metadata, spec }) => {
    const { namespace, name } = metadata;
    await admin.delete(SCIM_INTEGRATIONS, { namespace, name });
    if (spec?.tenant !== undefined) return;
    const next = { metadata: { namespace, name }, spec: randomSpec(random) } as KubeObject;
    await admin.create(SCIM_INTEGRATIONS, next, MANAGER);
  }),
  'switched on or off': toSpec((_, { spec }) => ({ enabled: spec?.enabled === false })),
  'display name': toSpec((random) => ({ displayName: `name ${random.next()}` })),
  'name of the Secret': toSpec((random, { metadata }) => ({
    token: { secretName: random.pick([null, `${metadata.name}-other`]) },
  })),
  overlap: toSpec((random) => ({
    token: { rotation: { overlap: random.pick(['0s', '2s', '24h']) } },
  })),
  'rotation requested': toOne(({ admin }, random, integration) => {
    const annotations = { 'scim-operator.dev/rotate': `${random.next()}` };
    return patch(admin, SCIM_INTEGRATIONS, keyOf(integration), { metadata: { annotations } });
  }),
  'Secret deleted': toOne(({ admin }, _, integration) =>
    admin.delete(SECRETS, secretKey(integration)),
  ),
  'token spoiled': toSecret({ data: { token: base64('not a token') } }),
  'endpoint spoiled': toSecret({ data: { endpoint: base64('https://example.com') } }),
  'Secret without its labels': toSecret({ metadata: { labels: null } }),
  'ServiceAccount changed': toChild(SERVICE_ACCOUNTS, { automountServiceAccountToken: true }),
  'ServiceAccount deleted': toOne(({ admin }, _, integration) =>
    admin.delete(SERVICE_ACCOUNTS, childKey(integration)),
  ),
  'RoleBinding changed': toChild(ROLE_BINDINGS, { subjects: null }),
  'RoleBinding deleted': toOne(({ admin }, _, integration) =>
    admin.delete(ROLE_BINDINGS, childKey(integration)),
  ),
  'Role changed': toOne(({ admin }, _, { metadata: { namespace } }) =>
    patch(admin, ROLES, { namespace, name: ROLE_NAME }, { rules: [] }),
  ),
  'Role deleted': toOne(({ admin }, _, { metadata: { namespace } }) =>
    admin.delete(ROLES, { namespace, name: ROLE_NAME }),
  ),
  'user sent': toOne((world, random, integration) =>
    sendScim(world, integration, 'POST', '/Users', { userName: `user-${random.next()}` }),
  ),
};
