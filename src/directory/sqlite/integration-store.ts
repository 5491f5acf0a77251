/** Integrations and what they provisioned, on SQLite. */
import { and, eq, gte, inArray, isNull, sql } from 'drizzle-orm';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import { named } from '../sql/names.ts';
import type { ResourceName } from '../sql/resource-key.ts';
import { historiesOf } from '../sql/tenant-histories.ts';
import { NO_ACTIVITY, usesOf } from '../sql/token-uses.ts';
import {
  externalIdsChange,
  type IntegrationRecord,
  type IntegrationStore,
} from '../store/integrations.ts';
import { type Connections, parameter, type SqliteConnection } from './connections.ts';
import { deprovisionSome } from './deprovision.ts';
import type { ActivityLog, Notes } from './log/activity-log.ts';
import {
  externalIds,
  governedTenants,
  integrations,
  recentRequests,
  tenantOwners,
  tokens,
} from './schema.ts';
import { ResourceRows } from './writes/resource-rows.ts';

type Row = typeof integrations.$inferSelect;

const i = named(integrations);

export function createIntegrationStore(
  { writer, write, read, reading }: Connections,
  activity: ActivityLog,
): IntegrationStore {
  const rows = { User: new ResourceRows(write, 'User'), Group: new ResourceRows(write, 'Group') };
  const reads = integrationReads(read);
  const writes = integrationWrites(write);

  const put = (record: IntegrationRecord, notes: Notes): boolean => {
    const held = writes.get.get({ id: record.id });
    if (held && held.endedAt === null && !isSameOwner(held, record)) return false;
    for (const tenant of externalIdsChange(held && recordOf(held), record)) {
      notes.count(tenant, USER_CHANGES, 1);
    }
    if (held && held.tenant !== record.tenant) {
      for (const forget of writes.leave) forget.run({ id: record.id });
    }
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
    put: (record) => activity.writing((notes) => put(record, notes)),
    disallow: (ids) =>
      writer.write(() => {
        write.run(
          sql`
            UPDATE ${i.table}
            SET ${i.allowed} = 0
            WHERE ${i.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))
          `,
        );
      }),
    end: (id, at) =>
      activity.writing((notes) => {
        const [ended] = write.orm
          .update(integrations)
          .set({ endedAt: at })
          .where(and(eq(integrations.id, id), isNull(integrations.endedAt)))
          .returning()
          .all();
        if (ended !== undefined) notes.count(ended.tenant, USER_CHANGES, 1);
        write.orm.delete(tokens).where(eq(tokens.integrationId, id)).run();
      }),
    purge: async (id, at) => {
      const some = (notes: Notes) =>
        deprovisionSome(write, rows, notes, writes.get.get({ id }), at);
      while (await activity.writing(some)) {
        // The next batch is a separate write.
      }
    },
    tenantHistory,
    tenantHistories: () =>
      reading(() => {
        const { orm } = read;
        return historiesOf(
          orm.select().from(tenantOwners).all(),
          orm.select().from(governedTenants).all(),
        );
      }),
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
        if (record === undefined) return NO_ACTIVITY;
        const counts = reads.provisioned.all({ id, tenant: record.tenant });
        const countOf = (type: ResourceName) => counts.find((row) => row.type === type)?.count ?? 0;
        const lastRequestAt = record.lastRequestAt ?? undefined;
        const tokenUses = usesOf(reads.tokens.all({ id }));
        return { users: countOf('User'), groups: countOf('Group'), lastRequestAt, tokenUses };
      }),
    activeSince: (clusterUid, at) => reading(() => reads.activeSince.all({ clusterUid, at })),
    touch: (lastRequests) =>
      writer.write(() => {
        for (const [id, at] of lastRequests) {
          write.run(
            sql`
              UPDATE ${i.table}
              SET ${i.lastRequestAt} = max(COALESCE(${i.lastRequestAt}, 0), ${at})
              WHERE ${i.id} = ${id}
            `,
          );
        }
      }),
  };
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

/** The columns that an update takes from the row that the insert would have written. */
const UPDATED = [
  'tenant',
  'clusterUid',
  'namespace',
  'namespaceUid',
  'name',
  'uid',
  'enabled',
  'allowed',
  'deletionPolicy',
  'endedAt',
] as const;

const given = named(integrations, 'excluded');
const excluded = Object.fromEntries(UPDATED.map((column) => [column, sql`${given[column]}`]));

function getIntegration({ orm }: SqliteConnection) {
  return orm
    .select()
    .from(integrations)
    .where(eq(integrations.id, parameter('id')))
    .prepare();
}

function integrationReads(connection: SqliteConnection) {
  const { orm } = connection;
  return {
    get: getIntegration(connection),
    find: orm
      .select()
      .from(integrations)
      .where(
        and(
          eq(integrations.clusterUid, sql.placeholder('clusterUid')),
          eq(integrations.namespace, sql.placeholder('namespace')),
          eq(integrations.name, sql.placeholder('name')),
          isNull(integrations.endedAt),
        ),
      )
      .prepare(),
    activeSince: orm
      .select({
        clusterUid: integrations.clusterUid,
        namespace: integrations.namespace,
        name: integrations.name,
      })
      .from(integrations)
      .where(
        and(
          eq(integrations.clusterUid, parameter('clusterUid')),
          isNull(integrations.endedAt),
          inArray(
            integrations.tenant,
            orm
              .select({ tenant: integrations.tenant })
              .from(integrations)
              .where(gte(integrations.lastRequestAt, parameter('at'))),
          ),
        ),
      )
      .prepare(),
    tokens: orm
      .select()
      .from(tokens)
      .where(eq(tokens.integrationId, parameter('id')))
      .prepare(),
    owner: orm
      .select()
      .from(tenantOwners)
      .where(eq(tenantOwners.tenant, parameter('tenant')))
      .prepare(),
    governed: orm
      .select()
      .from(governedTenants)
      .where(eq(governedTenants.tenant, parameter('tenant')))
      .prepare(),
    provisioned: orm
      .select({ type: externalIds.resourceType, count: sql<number>`count(*)` })
      .from(externalIds)
      .where(
        and(
          eq(externalIds.integrationId, parameter('id')),
          eq(externalIds.tenant, parameter('tenant')),
        ),
      )
      .groupBy(externalIds.resourceType)
      .prepare(),
  };
}

function integrationWrites(connection: SqliteConnection) {
  const { orm } = connection;
  const id = parameter('id');
  return {
    get: getIntegration(connection),
    /** The integration is taken out of its former tenant, in which its tokens end. */
    leave: [
      orm.delete(tokens).where(eq(tokens.integrationId, id)).prepare(),
      orm.delete(recentRequests).where(eq(recentRequests.integrationId, id)).prepare(),
      orm.delete(integrations).where(eq(integrations.id, id)).prepare(),
    ],
    put: orm
      .insert(integrations)
      .values({
        id: sql.placeholder('id'),
        tenant: sql.placeholder('tenant'),
        clusterUid: sql.placeholder('clusterUid'),
        namespace: sql.placeholder('namespace'),
        namespaceUid: sql.placeholder('namespaceUid'),
        name: sql.placeholder('name'),
        uid: sql.placeholder('uid'),
        enabled: sql.placeholder('enabled'),
        allowed: sql.placeholder('allowed'),
        deletionPolicy: sql.placeholder('deletionPolicy'),
        endedAt: sql.placeholder('endedAt'),
      })
      .onConflictDoUpdate({ target: integrations.id, set: excluded })
      .prepare(),
  };
}
