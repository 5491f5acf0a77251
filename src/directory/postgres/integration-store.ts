/** Integrations and what they provisioned, on PostgreSQL. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { columns, named, selected } from '../sql/names.ts';
import { historiesOf } from '../sql/tenant-histories.ts';
import { NO_ACTIVITY, usesOf } from '../sql/token-uses.ts';
import type { IntegrationRecord, IntegrationStore, TenantHistory } from '../store/integrations.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { deprovision } from './deprovision.ts';
import { array } from './dialect.ts';
import type { ActivityLog } from './log/activity-log.ts';
import { externalIds, governedTenants, integrations, tenantOwners, tokens } from './schema.ts';

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
const owners = named(tenantOwners);
const governed = named(governedTenants);
const OWNER = columns(owners, 'tenant', 'clusterUid', 'namespaceUid');
const CUSTOM_RESOURCE = selected(i, 'clusterUid', 'namespace', 'name');
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

export function createIntegrationStore(
  connections: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
): IntegrationStore {
  const { guarded, reserved } = connections;
  const { orm } = reserved;
  const get = async (id: string): Promise<Row | undefined> => {
    const [row] = await guarded(() =>
      orm.select().from(integrations).where(eq(integrations.id, id)),
    );
    return row;
  };
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
    find: async ({ clusterUid, namespace, name }) => {
      const [row] = await guarded(() =>
        orm
          .select()
          .from(integrations)
          .where(
            and(
              eq(integrations.clusterUid, clusterUid),
              eq(integrations.namespace, namespace),
              eq(integrations.name, name),
              isNull(integrations.endedAt),
            ),
          ),
      );
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
    put: (record) => put(reserved, record),
    disallow: async (ids) => {
      await reserved.run(
        sql`UPDATE ${i.table} SET ${i.allowed} = FALSE WHERE ${i.id} = ANY(${array(ids)})`,
      );
    },
    end: async (id, at) => {
      await reserved.run(
        sql`
          WITH revoked AS (DELETE FROM ${t.table} WHERE ${t.integrationId} = ${id})
          UPDATE ${i.table}
          SET ${i.endedAt} = ${at}
          WHERE ${i.id} = ${id} AND ${i.endedAt} IS NULL
        `,
      );
    },
    purge: (id, at) => deprovision(connections, types, activity, id, at),
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
        orm.select().from(tokens).where(eq(tokens.integrationId, id)),
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
    touch: async (lastRequests) => {
      const times = array([...lastRequests.values()].map(String));
      const noted = sql`unnest(${array([...lastRequests.keys()])}, ${times}) AS n(id, at)`;
      // In the order of ids, so that processes that write at the same time don't block each other.
      const locked = sql`
        SELECT ${live.id}, n.at
        FROM ${live.table}
        JOIN ${noted} ON n.id = ${live.id}
        ORDER BY ${live.id}
        FOR NO KEY UPDATE OF i
      `;
      await reserved.run(
        sql`
          WITH locked AS MATERIALIZED (${locked})
          UPDATE ${live.table}
          SET ${i.lastRequestAt} = greatest(${live.lastRequestAt}, locked.at::bigint)
          FROM locked
          WHERE ${live.id} = locked.id
        `,
      );
    },
  };
}

async function put(queries: Queries, record: IntegrationRecord): Promise<boolean> {
  const { id, tenant, clusterUid, namespace, namespaceUid, name, uid } = record;
  const { enabled, allowed, deletionPolicy, endedAt = null } = record;
  const rows = await queries.run(
    sql`
      INSERT INTO ${i.table} AS i (${columns(i, 'id', ...UPDATED)})
      VALUES (
        ${id}, ${tenant}, ${clusterUid}, ${namespace}, ${namespaceUid}, ${name}, ${uid}, ${enabled},
        ${allowed}, ${deletionPolicy}, ${endedAt}
      )
      ON CONFLICT (${i.id})
      DO UPDATE SET (${columns(i, ...UPDATED)}) = ROW (${columns(given, ...UPDATED)})
      WHERE ${live.endedAt} IS NOT NULL
        OR (${live.clusterUid}, ${live.namespace}, ${live.name}) = (
          ${given.clusterUid}, ${given.namespace}, ${given.name}
        )
    `,
  );
  return rows > 0;
}

export function recordOf({ lastRequestAt: _, endedAt, ...row }: Row): IntegrationRecord {
  return { ...row, endedAt: endedAt ?? undefined };
}
