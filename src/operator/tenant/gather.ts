/** Gathers what the decision about a tenant is based on, from the caches or with live reads. */
import { tenantOf } from '../../crd/defaults.ts';
import { SCIM_TENANTS } from '../../crd/names.ts';
import type { KubeIntegration, KubeTenant } from '../../crd/objects.ts';
import {
  checkTenancy,
  type TenancyInput,
  type TenantNamespace,
  tenantNamespace,
} from '../../crd/tenancy.ts';
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import { getIfExists } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import { type KubeObject, NAMESPACES } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import type { Obstacle } from '../obstacle.ts';

interface Tenancy extends TenancyInput {
  readonly forbidden: Obstacle | undefined;
}

/**
 * Rights are revoked based on the caches but granted only based on live reads, so that a stale
 * cache never opens a tenant. `record` is the directory's record under the integration's name.
 */
export async function gatherTenancy(
  context: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<Tenancy> {
  const tenant = tenantOf(integration);
  const use = 'provision';
  const cached = await decide(context, tenant, {
    use,
    namespace: await cachedNamespace(context, integration, record),
    scimTenant: context.caches.tenants.get({ name: tenant }),
  });
  if (cached.forbidden !== undefined || isHeld(integration, record, cached)) return cached;
  return decide(context, tenant, {
    use,
    namespace: await liveNamespace(context, integration, record),
    scimTenant: await liveTenant(context, tenant),
  });
}

/**
 * For what has no record, such as a ScimGroupBinding. The caches suffice to revoke a right; granting it
 * requires live reads.
 */
export async function forbiddenIn(
  context: OperatorContext,
  name: string,
  tenant: string,
  how: 'cached' | 'live',
  use: TenancyInput['use'] = 'bind',
): Promise<Obstacle | undefined> {
  const { client, caches } = context;
  const known = how === 'cached' ? caches.namespaces.get({ name }) : undefined;
  const namespace = known ?? (await client.get<KubeObject>(NAMESPACES, { name }));
  const scimTenant =
    how === 'cached' ? caches.tenants.get({ name: tenant }) : await liveTenant(context, tenant);
  const seen = { use, namespace: tenantNamespace(namespace), scimTenant } as const;
  return (await decide(context, tenant, seen)).forbidden;
}

async function decide(
  { store }: OperatorContext,
  tenant: string,
  seen: Pick<TenancyInput, 'use' | 'namespace' | 'scimTenant'>,
): Promise<Tenancy> {
  const history = await store.integrations.tenantHistory(tenant);
  const input = { ...seen, tenant, history };
  return { ...input, forbidden: checkTenancy(input) };
}

/** Whether the integration already has the right, so that nothing is granted. */
function isHeld(
  { metadata }: KubeIntegration,
  record: IntegrationRecord | undefined,
  { tenant, namespace }: TenancyInput,
): boolean {
  return (
    record?.allowed === true &&
    record.uid === metadata.uid &&
    record.tenant === tenant &&
    record.namespaceUid === namespace.uid
  );
}

async function cachedNamespace(
  context: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<TenantNamespace> {
  const { uid, namespace: name } = integration.metadata;
  const cached = context.caches.namespaces.get({ name });
  const isOwn = record?.uid !== uid || record.namespaceUid === cached?.metadata.uid;
  return cached !== undefined && isOwn
    ? tenantNamespace(cached)
    : liveNamespace(context, integration, record);
}

/**
 * An object never changes its namespace. If its record has another UID, it was deleted with that
 * namespace, although the cache still has it.
 */
async function liveNamespace(
  { client }: OperatorContext,
  { metadata }: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<TenantNamespace> {
  const name = metadata.namespace;
  const live = tenantNamespace(await client.get<KubeObject>(NAMESPACES, { name }));
  if (record?.uid === metadata.uid && record.namespaceUid !== live.uid)
    throw new ApiError(404, `the namespace ${name} of the integration is gone`);
  return live;
}

/** Throws if the ScimTenant can't be read. */
async function liveTenant(
  { client, mayReadTenants }: OperatorContext,
  name: string,
): Promise<KubeTenant | undefined> {
  return mayReadTenants() ? getIfExists<KubeTenant>(client, SCIM_TENANTS, { name }) : undefined;
}
