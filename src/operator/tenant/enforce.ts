/**
 * Lost rights, all of a tenant's in one write: the reconciles that say so to each integration may
 * take a while.
 */
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import type { OperatorContext } from '../context.ts';
import { checkTenancy, tenantNamespace } from './tenancy.ts';

/**
 * Only takes rights, and only on what is known: what the caches don't have is left to the
 * integration's own reconcile.
 */
export async function enforceTenancy(context: OperatorContext, tenant: string): Promise<void> {
  const { store, caches, clusterUid } = context;
  const records = await store.integrations.list(clusterUid, tenant);
  const allowed = records.filter((record) => record.allowed && record.endedAt === undefined);
  if (allowed.length === 0) return;
  const history = await store.integrations.tenantHistory(tenant);
  const scimTenant = caches.tenants.get({ name: tenant });
  const hasLost = ({ namespace: name, namespaceUid }: IntegrationRecord): boolean => {
    const cached = caches.namespaces.get({ name });
    if (cached?.metadata.uid !== namespaceUid) return false;
    const namespace = tenantNamespace(cached);
    const input = { tenant, use: 'provision', namespace, scimTenant, history } as const;
    return checkTenancy(input) !== undefined;
  };
  const lost = allowed.filter(hasLost).map(({ id }) => id);
  if (lost.length > 0) await store.integrations.disallow(lost);
}
