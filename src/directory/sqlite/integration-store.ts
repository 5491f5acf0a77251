/** Integrations and what they provisioned, on SQLite. */
import { and, eq, isNull, ne, type SQL, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ResourceName } from '../sql/resource-key.ts';
import type { IntegrationRecord, IntegrationStore } from '../store/integrations.ts';
import type { Connection, Connections } from './connection.ts';
import { deleteGroup } from './group-store.ts';
import { integrationReads, integrationWrites } from './integration-statements.ts';
import { ResourceTable } from './resource-table.ts';
import { externalIds, governedTenants, integrations, tenantOwners, tokens } from './schema.ts';
import { deleteUser } from './user-store.ts';

/** Resources deprovisioned in one write, so that others get their turn. */
const PURGE_BATCH = 200;

type Row = typeof integrations.$inferSelect;

export function createIntegrationStore(
  { writer, write, read, reading }: Connections,
  types: ResourceTypes,
): IntegrationStore {
  const tables = {
    User: new ResourceTable(write, 'User', types.user),
    Group: new ResourceTable(write, 'Group', types.group),
  };
  const reads = integrationReads(read);
  const writes = integrationWrites(write);

  const put = (record: IntegrationRecord): boolean => {
    const held = writes.get.get({ id: record.id });
    if (held && held.endedAt === null && !isSameOwner(held, record)) return false;
    writes.put.run({ ...record, endedAt: record.endedAt ?? null });
    return true;
  };
  const tenantHistory = (tenant: string) =>
    reading(() => ({
      ownerUid: reads.owner.get({ tenant })?.namespaceUid,
      governed: reads.governed.get({ tenant }) !== undefined,
    }));

  return {
    find: ({ clusterUid, namespace, name }) =>
      reading(() => toRecord(reads.find.get({ clusterUid, namespace, name }))),
    get: (id) => reading(() => toRecord(reads.get.get({ id }))),
    list: (clusterUid, tenant) =>
      reading(() =>
        read.orm
          .select()
          .from(integrations)
          .where(
            and(
              eq(integrations.clusterUid, clusterUid),
              tenant === undefined ? undefined : eq(integrations.tenant, tenant),
            ),
          )
          .all()
          .map(recordOf),
      ),
    put: (record) => writer.write(() => put(record)),
    disallow: (ids) =>
      writer.write(() => {
        write.run(
          sql`UPDATE integrations SET allowed = 0 WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
        );
      }),
    end: (id, at) =>
      writer.write(() => {
        write.orm
          .update(integrations)
          .set({ endedAt: at })
          .where(and(eq(integrations.id, id), isNull(integrations.endedAt)))
          .run();
        write.orm.delete(tokens).where(eq(tokens.integrationId, id)).run();
      }),
    purge: async (id, at) => {
      while (await writer.write(() => purgeSome(write, tables, writes.get.get({ id }), at))) {
        // The next batch is a write of its own.
      }
    },
    tenantHistory,
    claim: async (tenant, { clusterUid, namespaceUid }) => {
      const owner = { tenant, clusterUid, namespaceUid };
      await writer.write(() => {
        write.orm.insert(tenantOwners).values(owner).onConflictDoNothing().run();
      });
      return tenantHistory(tenant);
    },
    govern: (tenant) =>
      writer.write(() => {
        write.orm.insert(governedTenants).values({ tenant }).onConflictDoNothing().run();
      }),
    activity: (id) =>
      reading(() => {
        const record = reads.get.get({ id });
        if (record === undefined) return { users: 0, groups: 0, lastRequestAt: undefined };
        const counts = reads.provisioned.all({ id, tenant: record.tenant });
        const countOf = (type: ResourceName) => counts.find((row) => row.type === type)?.count ?? 0;
        const lastRequestAt = record.lastRequestAt ?? undefined;
        return { users: countOf('User'), groups: countOf('Group'), lastRequestAt };
      }),
    activeSince: (clusterUid, at) => reading(() => reads.activeSince.all({ clusterUid, at })),
    touch: (lastRequests) =>
      writer.write(() => {
        for (const [id, at] of lastRequests) {
          write.run(
            sql`UPDATE integrations SET last_request_at = max(COALESCE(last_request_at, 0), ${at}) WHERE id = ${id}`,
          );
        }
      }),
  };
}

/** An id can be pinned in another tenant after its end: what it provisioned in the one before is not its own any more. */
function provisionedBy({ id, tenant }: Row): SQL | undefined {
  return and(eq(externalIds.integrationId, id), eq(externalIds.tenant, tenant));
}

/**
 * Deprovisions some of what the integration alone provisioned, lets go of some of the rest, and at last forgets the record;
 * false when nothing is left to do.
 */
function purgeSome(
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
    .limit(PURGE_BATCH)
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

function isSameOwner(row: Row, record: IntegrationRecord): boolean {
  return (
    row.clusterUid === record.clusterUid &&
    row.namespace === record.namespace &&
    row.name === record.name
  );
}

function toRecord(row: Row | undefined): IntegrationRecord | undefined {
  return row && recordOf(row);
}

export function recordOf({ lastRequestAt: _, endedAt, ...row }: Row): IntegrationRecord {
  return { ...row, endedAt: endedAt ?? undefined };
}
