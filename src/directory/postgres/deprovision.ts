/** Deprovisions on PostgreSQL what an ended integration provisioned. */
import { sql } from 'drizzle-orm';
import { ScimError } from '../../scim/error.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ActivityRow } from '../sql/log/rows.ts';
import { named, type Row, selected } from '../sql/names.ts';
import type { Scope } from '../store/resources.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { deleteGroup, lockGroup } from './group-store.ts';
import type { ActivityLog } from './log/activity-log.ts';
import { lockedTenant, release } from './registry.ts';
import { ResourceTable } from './resource-table.ts';
import { externalIds, integrations, recentRequests, tokens } from './schema.ts';
import { deleteUser } from './user-store.ts';
import { userChanged } from './writes/dependents.ts';
import { lockWithHolders } from './writes/locks.ts';

/** How many links one statement reads. */
const BATCH = 200;

const x = named(externalIds, 'x');
const i = named(integrations, 'i');
const t = named(tokens, 't');
const r = named(recentRequests, 'r');
const LINK = selected(x, 'resourceId', 'resourceType');
type LinkRow = Pick<Row<'externalIds'>, 'resourceId' | 'resourceType'>;

/**
 * Deletes or lets go of everything that the integration provisioned in its tenant, and finally
 * forgets the integration and its tokens. After its end, an id can be pinned in another tenant. What
 * it provisioned in the previous tenant no longer belongs to it.
 */
export async function deprovision(
  connections: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
  tenant: string,
  id: string,
  at: number,
): Promise<void> {
  const scope = { tenant, integrationId: id };
  const tables = {
    User: new ResourceTable('User', types.user),
    Group: new ResourceTable('Group', types.group),
  };
  for (;;) {
    const links = await connections.all<LinkRow>(
      sql`
        SELECT ${LINK}
        FROM ${x.table}
        JOIN ${i.table} ON ${i.id} = ${x.integrationId} AND ${i.tenant} = ${x.tenant}
        WHERE ${x.tenant} = ${tenant}
          AND ${i.tenant} = ${tenant}
          AND ${i.id} = ${id}
          AND ${i.endedAt} IS NOT NULL
        LIMIT ${BATCH}
      `,
    );
    for (const link of links) {
      const table = tables[link.resourceType];
      const entry = await connections.writing(link.resourceId, () =>
        connections.transaction((queries) =>
          deprovisionOne(queries, table, activity, scope, link.resourceId, at),
        ),
      );
      activity.committed(entry);
    }
    if (links.length === 0) break;
  }
  await connections.transaction(async (queries) => {
    if ((await lockedTenant(queries, id)) !== tenant) return;
    const ended = await queries.all(
      sql`
        WITH ended AS (
          DELETE FROM ${i.table}
          WHERE ${i.tenant} = ${tenant} AND ${i.id} = ${id} AND ${i.endedAt} IS NOT NULL
          RETURNING ${i.id} AS ended_id
        ), forgotten AS (
          DELETE FROM ${r.table}
          USING ended
          WHERE ${r.tenant} = ${tenant} AND ${r.integrationId} = ended_id
        ), revoked AS (
          DELETE FROM ${t.table}
          USING ended
          WHERE ${t.tenant} = ${tenant} AND ${t.integrationId} = ended_id
        )
        SELECT ended_id FROM ended
      `,
    );
    if (ended.length > 0) await release(queries, id, ['integration', 'owner', 'token']);
  });
}

/**
 * Deletes the resource if no other integration provisions it, and lets go of it otherwise. Does
 * nothing if the integration is live (again). Returns the entry of a deletion.
 */
async function deprovisionOne(
  queries: Queries,
  table: ResourceTable,
  activity: ActivityLog,
  scope: Scope,
  id: string,
  at: number,
): Promise<ActivityRow | undefined> {
  const { tenant, integrationId } = scope;
  const ended = await queries.all(
    sql`
      SELECT 1
      FROM ${i.table}
      WHERE ${i.tenant} = ${tenant} AND ${i.id} = ${integrationId} AND ${i.endedAt} IS NOT NULL
      FOR SHARE
    `,
  );
  if (ended.length === 0) return undefined;
  const [lock, remove] =
    table.name === 'User' ? [lockWithHolders, deleteUser] : [lockGroup, deleteGroup];
  const current = await lock(queries, table, scope, id).catch(refuseAllBut404);
  const ofResource = sql`${x.tenant} = ${tenant} AND ${x.resourceId} = ${id}`;
  const others = await queries.all(
    sql`
      SELECT 1
      FROM ${x.table}
      WHERE ${ofResource} AND ${x.integrationId} <> ${integrationId}
      LIMIT 1
    `,
  );
  if (current !== undefined && others.length === 0) {
    return remove(queries, table, activity, scope, current, at);
  }
  const released = await queries.all<Pick<Row<'externalIds'>, 'externalId'>>(
    sql`
      DELETE FROM ${x.table}
      WHERE ${ofResource} AND ${x.integrationId} = ${integrationId}
      RETURNING ${selected(x, 'externalId')}
    `,
  );
  if (released.some(({ externalId }) => externalId !== null)) {
    await queries.run(userChanged(tenant));
  }
  return undefined;
}

/** Another request may just have deleted it. */
function refuseAllBut404(error: unknown): undefined {
  if (error instanceof ScimError && error.status === 404) return undefined;
  throw error;
}
