/** Integrations and what they provisioned, on PostgreSQL. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ResourceName } from '../sql/resource-key.ts';
import type {
  IntegrationOwner,
  IntegrationRecord,
  IntegrationStore,
  TenantHistory,
} from '../store/integrations.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { deprovision } from './deprovision.ts';
import { array } from './dialect.ts';
import { governedTenants, integrations, tenantOwners } from './schema.ts';

type Row = typeof integrations.$inferSelect;

export function createIntegrationStore(
  connections: Connections,
  types: ResourceTypes,
): IntegrationStore {
  const { orm, guarded } = connections;
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
    const governed = await guarded(() =>
      orm.select().from(governedTenants).where(eq(governedTenants.tenant, tenant)),
    );
    return { ownerUid: owner?.namespaceUid, governed: governed.length > 0 };
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
    put: (record) => put(connections, record),
    disallow: async (ids) => {
      await connections.run(
        sql`UPDATE integrations SET allowed = false WHERE id = ANY(${array(ids)})`,
      );
    },
    end: async (id, at) => {
      await connections.run(
        sql`
          WITH revoked AS (DELETE FROM tokens WHERE integration_id = ${id})
          UPDATE integrations
          SET ended_at = ${at}
          WHERE id = ${id} AND ended_at IS NULL
        `,
      );
    },
    purge: (id, at) => deprovision(connections, types, id, at),
    tenantHistory,
    claim: async (tenant, { clusterUid, namespaceUid }) => {
      await connections.run(
        sql`
          INSERT INTO tenant_owners (tenant, cluster_uid, namespace_uid)
          VALUES (${tenant}, ${clusterUid}, ${namespaceUid})
          ON CONFLICT DO NOTHING
        `,
      );
      return tenantHistory(tenant);
    },
    govern: async (tenant) => {
      await connections.run(
        sql`INSERT INTO governed_tenants (tenant) VALUES (${tenant}) ON CONFLICT DO NOTHING`,
      );
    },
    activity: async (id) => {
      const record = await get(id);
      if (record === undefined) return { users: 0, groups: 0, lastRequestAt: undefined };
      const counts = await connections.all<{ type: ResourceName; count: number }>(
        sql`
          SELECT resource_type AS type, count(*) AS count
          FROM external_ids
          WHERE integration_id = ${id} AND tenant = ${record.tenant}
          GROUP BY resource_type
        `,
      );
      const countOf = (type: ResourceName) => counts.find((row) => row.type === type)?.count ?? 0;
      const lastRequestAt = record.lastRequestAt ?? undefined;
      return { users: countOf('User'), groups: countOf('Group'), lastRequestAt };
    },
    activeSince: (clusterUid, at) =>
      connections.all<IntegrationOwner>(
        sql`
          SELECT cluster_uid AS "clusterUid", namespace, name
          FROM integrations
          WHERE cluster_uid = ${clusterUid}
            AND ended_at IS NULL
            AND tenant IN (SELECT tenant FROM integrations WHERE last_request_at >= ${at})
        `,
      ),
    touch: async (lastRequests) => {
      const times = array([...lastRequests.values()].map(String));
      const given = sql`unnest(${array([...lastRequests.keys()])}, ${times}) AS n(id, at)`;
      // In the order of ids, so that processes which write at the same time don't wait for each
      // other.
      const locked = sql`
        SELECT i.id, n.at
        FROM integrations i
        JOIN ${given} ON n.id = i.id
        ORDER BY i.id
        FOR NO KEY UPDATE OF i
      `;
      await connections.run(
        sql`
          WITH locked AS MATERIALIZED (${locked})
          UPDATE integrations i
          SET last_request_at = greatest(i.last_request_at, locked.at::bigint)
          FROM locked
          WHERE i.id = locked.id
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
      INSERT INTO integrations AS i (
        id, tenant, cluster_uid, namespace, namespace_uid, name, uid, enabled, allowed,
        deletion_policy, ended_at
      )
      VALUES (
        ${id}, ${tenant}, ${clusterUid}, ${namespace}, ${namespaceUid}, ${name}, ${uid}, ${enabled},
        ${allowed}, ${deletionPolicy}, ${endedAt}
      )
      ON CONFLICT (id)
      DO UPDATE SET tenant = excluded.tenant, cluster_uid = excluded.cluster_uid,
        namespace = excluded.namespace, namespace_uid = excluded.namespace_uid,
        name = excluded.name, uid = excluded.uid, enabled = excluded.enabled,
        allowed = excluded.allowed, deletion_policy = excluded.deletion_policy,
        ended_at = excluded.ended_at
      WHERE i.ended_at IS NOT NULL
        OR (i.cluster_uid, i.namespace, i.name) = (
          excluded.cluster_uid, excluded.namespace, excluded.name
        )
    `,
  );
  return rows > 0;
}

export function recordOf({ lastRequestAt: _, endedAt, ...row }: Row): IntegrationRecord {
  return { ...row, endedAt: endedAt ?? undefined };
}
