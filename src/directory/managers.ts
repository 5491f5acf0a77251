/**
 * Finds which users have a manager in the tenant, so that responses can link to the manager's
 * resource.
 */
import type { Eventual } from '../eventual.ts';
import { managerWithoutReference, mayHaveManager } from '../scim/manager.ts';
import type { Scope, UserRecord } from './store/resources.ts';
import type { Store } from './store/store.ts';

/**
 * Returns the records, with their managers if these are users of the tenant. Costs nothing for
 * users without a manager.
 */
export function withManagers(
  { users }: Store,
  { tenant }: Scope,
  records: readonly UserRecord[],
): Eventual<readonly UserRecord[]> {
  const named = records.map(({ profile }) =>
    mayHaveManager(profile.json) ? managerWithoutReference(profile.attributes) : undefined,
  );
  const ids = named.filter((id) => id !== undefined);
  if (ids.length === 0) return records;
  return users.known(tenant, [...new Set(ids)]).then((known) =>
    records.map((record, index) => {
      const managerId = named[index];
      return managerId !== undefined && known.has(managerId) ? { ...record, managerId } : record;
    }),
  );
}
