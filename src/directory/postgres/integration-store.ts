/** Integrations and what they provisioned, on PostgreSQL. */
import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { columns, named, selected } from '../sql/names.ts';
import { historiesOf } from '../sql/tenant-histories.ts';
import { NO_ACTIVITY, usesOf } from '../sql/token-uses.ts';
import {
  externalIdsChange,
  type IntegrationRecord,
  type IntegrationStore,
  type TenantHistory,
} from '../store/integrations.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { deprovision } from './deprovision.ts';
import { array } from './dialect.ts';
import type { ActivityLog } from './log/activity-log.ts';
import {
  byTenant,
  claim,
  holderOf,
  lockedTenant,
  move,
  ownerName,
  release,
  tenantOfId,
} from './registry.ts';
import {
  externalIds,
  governedTenants,
  integrations,
  recentRequests,
  tenantOwners,
  tokens,
} from './schema.ts';
import { userChanged } from './writes/dependents.ts';
import { latest } from './writes/latest.ts';

type Row = typeof integrations.$inferSelect;
type ProvisionedRow = {
  readonly type: (typeof externalIds.$inferSelect)['resourceType'];
  readonly count: number;
};

const i = named(integrations);
const live = named(integrations, 'i');
const given = named(integrations, 'excluded');
const x = named(externalIds);
const t = named(tokens);
const recent = named(recentRequests);
const owners = named(tenantOwners);
const governed = named(governedTenants);
const OWNER = columns(owners, 'tenant', 'clusterUid', 'namespaceUid');
const CUSTOM_RESOURCE = selected(i, 'clusterUid', 'namespace', 'name');
const UPDATED = [
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

export function createIntegrationStore(
  connections: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
): IntegrationStore {
  const { guarded, reserved } = connections;
  const { orm } = reserved;
  /** The integration in a tenant. */
  const read = async (tenant: string, id: string): Promise<Row | undefined> => {
    const [row] = await guarded(() =>
      orm
        .select()
        .from(integrations)
        .where(and(eq(integrations.tenant, tenant), eq(integrations.id, id))),
    );
    return row;
  };
  /** Looks again if the integration may have moved to another tenant after its holder was read. */
  const located = async (held: () => ReturnType<typeof holderOf>): Promise<Row | undefined> => {
    for (let tenant: string | undefined; ; ) {
      const holder = await held();
      const row = holder && (await read(holder.tenant, holder.integrationId));
      if (row !== undefined || holder?.tenant === tenant) return row;
      tenant = holder?.tenant;
    }
  };
  const get = (id: string) => located(() => holderOf(reserved, 'integration', id));
  const tenantHistory = async (tenant: string): Promise<TenantHistory> => {
    const [owner] = await guarded(() =>
      orm.select().from(tenantOwners).where(eq(tenantOwners.tenant, tenant)),
    );
    const isGoverned = await guarded(() =>
      orm.select().from(governedTenants).where(eq(governedTenants.tenant, tenant)),
    );
    return { ownerUid: owner?.namespaceUid, governed: isGoverned.length > 0 };
  };
  return {
    find: async (owner) => {
      const row = await located(() => holderOf(reserved, 'owner', ownerName(owner)));
      return row && recordOf(row);
    },
    get: async (id) => {
      const row = await get(id);
      return row && recordOf(row);
    },
    list: async (clusterUid, tenant) => {
      const rows = await guarded(() =>
        orm
          .select()
          .from(integrations)
          .where(
            and(
              eq(integrations.clusterUid, clusterUid),
              tenant === undefined ? undefined : eq(integrations.tenant, tenant),
            ),
          ),
      );
      return rows.map(recordOf);
    },
    put: (record) => reserved.transaction((queries) => put(queries, record)),
    disallow: (ids) =>
      reserved.transaction(async (queries) => {
        const tenants = await byTenant(queries, ids, sql`FOR SHARE`);
        if (tenants.size === 0) return;
        await queries.together(
          [...tenants].map(
            ([tenant, each]) => sql`
              UPDATE ${i.table}
              SET ${i.allowed} = FALSE
              WHERE ${i.tenant} = ${tenant} AND ${i.id} = ANY(${array(each)})
            `,
          ),
        );
      }),
    end: (id, at) =>
      reserved.transaction(async (queries) => {
        const tenant = await lockedTenant(queries, id);
        if (tenant === undefined) return;
        const ended = await queries.all(
          sql`
            WITH revoked AS (${revoked(tenant, id)})
            UPDATE ${i.table}
            SET ${i.endedAt} = ${at}
            WHERE ${i.tenant} = ${tenant} AND ${i.id} = ${id} AND ${i.endedAt} IS NULL
            RETURNING ${i.id}
          `,
        );
        if (ended.length > 0) await queries.run(userChanged(tenant));
        await release(queries, id, ['owner', 'token']);
      }),
    purge: async (id, at) => {
      const tenant = await tenantOfId(reserved, id);
      if (tenant !== undefined) await deprovision(connections, types, activity, tenant, id, at);
    },
    tenantHistories: async () =>
      historiesOf(
        await guarded(() => orm.select().from(tenantOwners)),
        await guarded(() => orm.select().from(governedTenants)),
      ),
    tenantHistory,
    claim: async (tenant, { clusterUid, namespaceUid }) => {
      await reserved.run(
        sql`
          INSERT INTO ${owners.table} (${OWNER})
          VALUES (${tenant}, ${clusterUid}, ${namespaceUid})
          ON CONFLICT DO NOTHING
        `,
      );
      return tenantHistory(tenant);
    },
    govern: async (tenant) => {
      await reserved.run(
        sql`
          INSERT INTO ${governed.table} (${governed.tenant})
          VALUES (${tenant})
          ON CONFLICT DO NOTHING
        `,
      );
    },
    activity: async (id) => {
      const record = await get(id);
      if (record === undefined) return NO_ACTIVITY;
      const counts = await connections.all<ProvisionedRow>(
        sql`
          SELECT ${x.resourceType} AS type, count(*) AS count
          FROM ${x.table}
          WHERE ${x.integrationId} = ${id} AND ${x.tenant} = ${record.tenant}
          GROUP BY ${x.resourceType}
        `,
      );
      const countOf = (type: ProvisionedRow['type']) =>
        counts.find((row) => row.type === type)?.count ?? 0;
      const lastRequestAt = record.lastRequestAt ?? undefined;
      const held = await guarded(() =>
        orm
          .select()
          .from(tokens)
          .where(and(eq(tokens.tenant, record.tenant), eq(tokens.integrationId, id))),
      );
      const tokenUses = usesOf(held);
      return { users: countOf('User'), groups: countOf('Group'), lastRequestAt, tokenUses };
    },
    activeSince: (clusterUid, at) =>
      reserved.all<Pick<Row, 'clusterUid' | 'namespace' | 'name'>>(
        sql`
          SELECT ${CUSTOM_RESOURCE}
          FROM ${i.table}
          WHERE ${i.clusterUid} = ${clusterUid}
            AND ${i.endedAt} IS NULL
            AND ${i.tenant} IN (
              SELECT ${i.tenant} FROM ${i.table} WHERE ${i.lastRequestAt} >= ${at}
            )
        `,
      ),
    // A statement for each tenant, so that each concerns one shard. No transaction holds the rows of
    // several tenants, so processes that write at the same time don't block each other.
    touch: async (lastRequests) => {
      for (const [tenant, ids] of await byTenant(reserved, [...lastRequests.keys()])) {
        const times = ids.map((id) => String(lastRequests.get(id)));
        await reserved.run(touched(tenant, ids, times));
      }
    },
  };
}

function touched(tenant: string, ids: readonly string[], times: readonly string[]): SQL {
  const noted = sql`unnest(${array(ids)}, ${array(times)}) AS n(id, at)`;
  return latest(
    { bare: i, row: live, key: 'id', time: 'lastRequestAt' },
    tenant,
    noted,
    sql`n.id = ${live.id}`,
  );
}

/** Deletes the tokens of an integration. */
export const revoked = (tenant: string, id: string): SQL =>
  sql`DELETE FROM ${t.table} WHERE ${t.tenant} = ${tenant} AND ${t.integrationId} = ${id}`;

/** In a transaction, because the registry and the record change together. */
async function put(queries: Queries, record: IntegrationRecord): Promise<boolean> {
  const { id, tenant, clusterUid, namespace, namespaceUid, name, uid } = record;
  const { enabled, allowed, deletionPolicy, endedAt = null } = record;
  const holder = { tenant, integrationId: id };
  const { tenant: former } = await claim(queries, 'integration', id, holder);
  const [known] = await queries.all<Pick<Row, 'clusterUid' | 'namespace' | 'name' | 'endedAt'>>(
    sql`
      SELECT ${selected(i, 'clusterUid', 'namespace', 'name', 'endedAt')}
      FROM ${i.table}
      WHERE ${i.tenant} = ${former} AND ${i.id} = ${id}
    `,
  );
  const isLive = known !== undefined && known.endedAt === null;
  if (isLive && ownerName(known) !== ownerName(record)) return false;
  if (former !== tenant) await leave(queries, former, holder);
  if (endedAt !== null) await release(queries, id, ['owner']);
  else if (!isLive) {
    const { integrationId } = await claim(queries, 'owner', ownerName(record), holder);
    if (integrationId !== id) throw new Error('another integration of the resource is live');
  }
  await queries.run(
    sql`
      INSERT INTO ${i.table} (${columns(i, 'tenant', 'id', ...UPDATED)})
      VALUES (
        ${tenant}, ${id}, ${clusterUid}, ${namespace}, ${namespaceUid}, ${name}, ${uid}, ${enabled},
        ${allowed}, ${deletionPolicy}, ${endedAt}
      )
      ON CONFLICT (${columns(i, 'tenant', 'id')})
      DO UPDATE SET (${columns(i, ...UPDATED)}) = ROW (${columns(given, ...UPDATED)})
    `,
  );
  const before = known && { ...known, tenant: former, endedAt: known.endedAt ?? undefined };
  for (const each of externalIdsChange(before, record)) await queries.run(userChanged(each));
  return true;
}

/** Takes the integration out of its former tenant, in which its tokens end. */
async function leave(
  queries: Queries,
  former: string,
  holder: { readonly tenant: string; readonly integrationId: string },
): Promise<void> {
  const { integrationId: id } = holder;
  await queries.run(
    sql`
      WITH revoked AS (${revoked(former, id)}),
        forgotten AS (
          DELETE FROM ${recent.table}
          WHERE ${recent.tenant} = ${former} AND ${recent.integrationId} = ${id}
        )
      DELETE FROM ${i.table}
      WHERE ${i.tenant} = ${former} AND ${i.id} = ${id}
    `,
  );
  await release(queries, id, ['token']);
  await move(queries, holder);
}

export function recordOf({ lastRequestAt: _, endedAt, ...row }: Row): IntegrationRecord {
  return { ...row, endedAt: endedAt ?? undefined };
}
