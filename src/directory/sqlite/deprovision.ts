/** What happens on SQLite to what an integration provisioned, once it has ended. */
import { and, eq, ne, type SQL } from 'drizzle-orm';
import type { ResourceName } from '../sql/resource-key.ts';
import type { Connection } from './connection.ts';
import { deleteGroup } from './group-store.ts';
import type { ResourceTable } from './resource-table.ts';
import { externalIds, integrations, tokens } from './schema.ts';
import { deleteUser } from './user-store.ts';

/** Resources deprovisioned in one write, so that others get their turn. */
const BATCH = 200;

type Row = typeof integrations.$inferSelect;

/**
 * An id can be pinned in another tenant after its end: what it provisioned in the one before is not
 * its own any more.
 */
function provisionedBy({ id, tenant }: Row): SQL | undefined {
  return and(eq(externalIds.integrationId, id), eq(externalIds.tenant, tenant));
}

/**
 * Deprovisions some of what the integration alone provisioned, lets go of some of the rest, and at
 * last forgets the record; false when nothing is left to do.
 */
export function deprovisionSome(
  write: Connection,
  tables: Record<ResourceName, ResourceTable>,
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
  for (const { tenant, resourceId, resourceType } of links) {
    const ofResource = and(eq(externalIds.tenant, tenant), eq(externalIds.resourceId, resourceId));
    const others = write.orm
      .select()
      .from(externalIds)
      .where(and(ofResource, ne(externalIds.integrationId, record.id)))
      .limit(1)
      .all();
    if (others.length > 0) {
      write.orm
        .delete(externalIds)
        .where(and(ofResource, eq(externalIds.integrationId, record.id)))
        .run();
    } else {
      const remove = resourceType === 'User' ? deleteUser : deleteGroup;
      remove(write, tables[resourceType], tenant, resourceId, at);
    }
  }
  if (links.length > 0) return true;
  write.orm.delete(tokens).where(eq(tokens.integrationId, record.id)).run();
  write.orm.delete(integrations).where(eq(integrations.id, record.id)).run();
  return false;
}
