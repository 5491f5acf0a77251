/**
 * The order of locks. The group's row is locked first and its users' rows second, so that no change
 * is lost or ends in a deadlock. For groups as members, a lock of the tenant is taken instead of
 * locks of their rows: PostgreSQL itself runs into deadlocks over a row that some transactions lock
 * fully and others only against deletion.
 */
import { sql } from 'drizzle-orm';
import { inSlices } from '../../../scim/member-lists.ts';
import type { MemberChange } from '../../../scim/members.ts';
import { columns, named, type Row } from '../../sql/names.ts';
import type { Scope, StoredResource } from '../../store/resources.ts';
import type { Queries } from '../connection/connections.ts';
import { array } from '../dialect.ts';
import { OvertakenError } from '../errors.ts';
import type { ResourceTable } from '../resource-table.ts';
import { counters, groupMembers, groups } from '../schema.ts';

const m = named(groupMembers);
const g = named(groups);
const c = named(counters);
/** A counter that counts nothing, whose row is locked. */
const NESTING = 'nesting';

/**
 * Locks the tenant's nesting if any of the ids is a group, and returns whether it is. Without the
 * lock, two such changes could close a cycle that neither of them sees, and a member could be
 * deleted meanwhile. Call it before any row is locked.
 */
export async function lockNesting(
  queries: Queries,
  tenant: string,
  ids: readonly string[],
): Promise<boolean> {
  for (const slice of inSlices(ids)) {
    const nested = await queries.all(
      sql`
        SELECT 1
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${g.id} = ANY(${array(slice)})
        LIMIT 1
      `,
    );
    if (nested.length === 0) continue;
    await lockTenantNesting(queries, tenant);
    return true;
  }
  return false;
}

/** The ids that the changes add. */
export function addedBy(changes: readonly MemberChange[]): string[] {
  return changes.flatMap((change) =>
    change.kind === 'add' || change.kind === 'replace' ? change.values : [],
  );
}

/**
 * Locks the groups that hold the member, in the order of their ids like every transaction that
 * locks several groups (including the member, if it is a group), and then the member. To prevent a
 * deadlock, it doesn't wait for a group that came to hold the member meanwhile, but throws
 * OvertakenError. Returns the member's current record. Throws notFound.
 */
export async function lockWithHolders(
  queries: Queries,
  table: ResourceTable,
  scope: Scope,
  memberId: string,
): Promise<StoredResource> {
  const { tenant } = scope;
  const holders = sql`
    SELECT ${m.groupId} FROM ${m.table} WHERE ${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}
  `;
  const locked = await queries.all<Pick<Row<'groups'>, 'id'>>(
    sql`
      SELECT ${g.id}
      FROM ${g.table}
      WHERE ${g.tenant} = ${tenant}
        AND ${g.id} = ANY(ARRAY(${holders} UNION ALL SELECT ${memberId}))
      ORDER BY ${g.id}
      FOR NO KEY UPDATE
    `,
  );
  await table.lock(queries, tenant, memberId, sql`FOR UPDATE`);
  const ids = locked.map(({ id }) => id);
  const others = await queries.all(sql`${holders} AND ${m.groupId} <> ALL(${array(ids)}) LIMIT 1`);
  if (others.length > 0) throw new OvertakenError();
  return table.require(queries, scope, memberId);
}

/**
 * Until the transaction ends. A row is locked, because an advisory lock holds on one node of a
 * distributed database only.
 */
export async function lockTenantNesting(queries: Queries, tenant: string): Promise<void> {
  const isLock = sql`${c.tenant} = ${tenant} AND ${c.name} = ${NESTING} AND ${c.slot} = 0`;
  for (;;) {
    const locked = await queries.all(
      sql`SELECT 1 FROM ${c.table} WHERE ${isLock} FOR NO KEY UPDATE`,
    );
    if (locked.length > 0) return;
    await queries.run(
      sql`
        INSERT INTO ${c.table} (${columns(c, 'tenant', 'name', 'slot', 'value')})
        VALUES (${tenant}, ${NESTING}, 0, 0)
        ON CONFLICT DO NOTHING
      `,
    );
  }
}
