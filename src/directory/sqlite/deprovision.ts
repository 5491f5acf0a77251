/** Deprovisions on SQLite what an ended integration provisioned. */
import { and, eq, ne, type SQL } from 'drizzle-orm';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import type { ResourceName } from '../sql/resource-key.ts';
import type { SqliteConnection } from './connections.ts';
import { deleteGroup } from './group-store.ts';
import type { Notes } from './log/activity-log.ts';
import { externalIds, integrations, recentRequests, tokens } from './schema.ts';
import { deleteUser } from './user-store.ts';
import type { ResourceRows } from './writes/resource-rows.ts';

/** How many resources one write deprovisions, so that others get their turn. */
const BATCH = 200;

type Row = typeof integrations.$inferSelect;

/**
 * After its end, an id can be pinned in another tenant. What it provisioned in the previous tenant
 * no longer belongs to it.
 */
function provisionedBy({ id, tenant }: Row): SQL | undefined {
  return and(eq(externalIds.integrationId, id), eq(externalIds.tenant, tenant));
}

/**
 * Deletes some of the resources that only this integration provisioned, lets go of some of the
 * others, and finally forgets the record. Returns false when nothing is left to do.
 */
export function deprovisionSome(
  write: SqliteConnection,
  rows: Record<ResourceName, ResourceRows>,
  notes: Notes,
  record: Row | undefined,
  at: number,
): boolean {
  if (record === undefined || record.endedAt === null) return false;
  const links = write.orm
    .select()
    .from(externalIds)
    .where(provisionedBy(record))
    .limit(BATCH)
    .all();
  for (const { tenant, resourceId, resourceType, externalId } of links) {
    const ofResource = and(eq(externalIds.tenant, tenant), eq(externalIds.resourceId, resourceId));
    const others = write.orm
      .select()
      .from(externalIds)
      .where(and(ofResource, ne(externalIds.integrationId, record.id)))
      .limit(1)
      .all();
    const scope = { tenant, integrationId: record.id };
    const current = rows[resourceType].get(scope, resourceId);
    if (current === undefined || others.length > 0) {
      write.orm
        .delete(externalIds)
        .where(and(ofResource, eq(externalIds.integrationId, record.id)))
        .run();
      if (externalId !== null) notes.count(tenant, USER_CHANGES, 1);
    } else {
      const remove = resourceType === 'User' ? deleteUser : deleteGroup;
      remove(write, rows[resourceType], notes, scope, current.record, at);
    }
  }
  if (links.length > 0) return true;
  write.orm.delete(tokens).where(eq(tokens.integrationId, record.id)).run();
  write.orm.delete(recentRequests).where(eq(recentRequests.integrationId, record.id)).run();
  write.orm.delete(integrations).where(eq(integrations.id, record.id)).run();
  return false;
}
