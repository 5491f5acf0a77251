/** The histories of all tenants, from the rows of both databases. */
import type { TenantHistory } from '../store/integrations.ts';
import type { Row } from './names.ts';

export function historiesOf(
  owners: readonly Pick<Row<'tenantOwners'>, 'tenant' | 'namespaceUid'>[],
  governed: readonly Row<'governedTenants'>[],
): ReadonlyMap<string, TenantHistory> {
  const ownerUids = new Map(owners.map(({ tenant, namespaceUid }) => [tenant, namespaceUid]));
  const isGoverned = new Set(governed.map(({ tenant }) => tenant));
  const tenants = new Set([...ownerUids.keys(), ...isGoverned]);
  return new Map(
    [...tenants].map((tenant) => [
      tenant,
      { ownerUid: ownerUids.get(tenant), governed: isGoverned.has(tenant) },
    ]),
  );
}
