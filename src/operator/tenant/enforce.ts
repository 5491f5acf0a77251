/**
 * Ends all lost rights of a tenant in one write, because the reconciles that report this on each
 * integration may take a while.
 */

import { checkTenancy, tenantNamespace } from '../../crd/tenancy.ts';
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import type { OperatorContext } from '../context.ts';

/**
 * Only revokes rights, and only based on what the caches have. The rest is left to the reconcile of
 * each integration.
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
