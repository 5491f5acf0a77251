/** Rows of group_members on SQLite. */
import { type SQL, sql } from 'drizzle-orm';
import type { Condition } from '../../../scim/condition.ts';
import { inSlices, MEMBERS_AT_ONCE } from '../../../scim/member-lists.ts';
import { containsItself, type MemberChange, refuseUnknown } from '../../../scim/members.ts';
import { conditionCompiler } from '../../sql/conditions.ts';
import { IdSet } from '../../sql/id-set.ts';
import type { Ids } from '../../sql/log/change.ts';
import { columns, named, type Row } from '../../sql/names.ts';
import { membersOf } from '../../sql/relations.ts';
import { rowHolder } from '../../sql/resource-conditions.ts';
import type { SqliteConnection } from '../connections.ts';
import { sqliteDialect } from '../dialect.ts';
import { access, groupMembers, groups } from '../schema.ts';
import { inOrder } from './in-order.ts';
import { prepared } from './prepared.ts';

const m = named(groupMembers);
const g = named(groups);

const INSERTED = columns(m, 'tenant', 'groupId', 'memberId', 'memberType');

const list = (ids: readonly string[]): SQL => sqliteDialect.values(ids, 'i');

/** The ids that joined and left, and those that the tenant doesn't have. */
export interface MembersChanged extends Ids {
  readonly unknown: readonly string[];
}

/** Changes members of groups, at a cost that depends on the change alone. */
export class Memberships {
  readonly #write: SqliteConnection;
  readonly #statements;

  constructor(write: SqliteConnection) {
    this.#write = write;
    this.#statements = prepareStatements(write);
  }

  /** Applies one change. Yields after each part of a long one. */
  *change(tenant: string, groupId: string, change: MemberChange): Generator<void, MembersChanged> {
    switch (change.kind) {
      case 'add':
        return yield* this.#add(tenant, groupId, change.values);
      case 'remove':
        return yield* this.#remove(tenant, groupId, change.values);
      case 'removeWhere': {
        const ids = this.#membersWhere(tenant, groupId, change.where);
        return yield* this.#remove(tenant, groupId, ids);
      }
      case 'replace': {
        const difference = yield* this.#difference(tenant, groupId, change.values);
        const { distinct, joining, leaving } = difference;
        const { added, unknown } = yield* this.#add(tenant, groupId, joining);
        if (leaving.length > 0) refuseUnknown(distinct, unknown.length);
        const { removed } = yield* this.#remove(tenant, groupId, leaving);
        return { added, removed, unknown };
      }
    }
  }

  /** Whether a group has more members than are handled at once. */
  isLarge(tenant: string, groupId: string): boolean {
    return this.#statements.many.get(tenant, groupId, MEMBERS_AT_ONCE) !== undefined;
  }

  *#difference(tenant: string, groupId: string, wanted: readonly string[]) {
    const missing = new IdSet(wanted.length);
    for (const slice of inSlices(wanted)) {
      for (const id of slice) missing.add(id);
      yield;
    }
    const distinct = missing.size;
    const leaving: string[] = [];
    for (let after = ''; ; ) {
      const ids = this.#statements.members.all(tenant, groupId, after, MEMBERS_AT_ONCE);
      for (const id of ids) if (!missing.delete(id)) leaving.push(id);
      const last = ids.at(-1);
      if (last === undefined || ids.length < MEMBERS_AT_ONCE) break;
      after = last;
      yield;
    }
    const joining: string[] = [];
    if (missing.size > 0)
      for (const slice of inSlices(wanted)) {
        joining.push(...missing.deleteAll(slice));
        yield;
      }
    return { distinct, joining, leaving };
  }

  *#remove(
    tenant: string,
    groupId: string,
    ids: readonly string[],
  ): Generator<void, MembersChanged> {
    const { leave } = this.#statements;
    const removed: string[] = [];
    for (const slice of inSlices(ids)) {
      for (const id of slice) if (leave.run(tenant, groupId, id).changes > 0) removed.push(id);
      yield;
    }
    return { added: [], removed, unknown: [] };
  }

  *#add(tenant: string, groupId: string, ids: readonly string[]): Generator<void, MembersChanged> {
    const [added, unknown]: [string[], string[]] = [[], []];
    for (const slice of inSlices(yield* inOrder(ids))) {
      const joined = this.#addSlice(tenant, groupId, slice);
      added.push(...joined.added);
      unknown.push(...joined.unknown);
      yield;
    }
    return { added, removed: [], unknown };
  }

  #membersWhere(tenant: string, groupId: string, where: Condition): readonly string[] {
    const relation = membersOf(sqliteDialect.tables, tenant, sql`${groupId}`);
    const condition = conditionCompiler(sqliteDialect)(where, rowHolder(relation, sqliteDialect));
    const rows = this.#write.all<{ id: string }>(
      sql`SELECT m.value AS id FROM ${relation.rows} m WHERE ${condition}`,
    );
    return rows.map(({ id }) => id);
  }

  /** Most of them are users who aren't members yet. Only the others are looked at again. */
  #addSlice(tenant: string, groupId: string, ids: readonly string[]): MembersChanged {
    const others = this.#notMembers(tenant, groupId, ids);
    const joined = this.#statements.join.run(groupId, JSON.stringify(others), tenant).changes;
    if (joined === others.length) return { added: others, removed: [], unknown: [] };
    const found = typesOf(this.#write, tenant, others);
    const idsOf = (type: FoundType) =>
      found.filter((each) => each.type === type).map(({ id }) => id);
    const groups = idsOf('Group');
    refuseCycle(this.#write, tenant, groupId, groups);
    const nested = groups.filter(
      (id) => this.#statements.nest.run(tenant, groupId, id).changes > 0,
    );
    // An id may occur twice. If nobody joined, the only one was a member before.
    const users = joined === 0 ? [] : new Set(idsOf('User'));
    return { added: [...users, ...nested], removed: [], unknown: idsOf(null) };
  }

  /** The number of rows written tells whether a single id joined. */
  #notMembers(tenant: string, groupId: string, ids: readonly string[]): readonly string[] {
    if (ids.length <= 1 || !this.#hasBetween(tenant, groupId, ids)) return ids;
    const members = new Set(this.#statements.among.all(JSON.stringify(ids), tenant, groupId));
    return members.size === 0 ? ids : ids.filter((id) => !members.has(id));
  }

  /** Says no to most long additions: to a new group, or of users who are newer than its members. */
  #hasBetween(tenant: string, groupId: string, ids: readonly string[]): boolean {
    let [first = '', last = ''] = ids;
    for (const id of ids) {
      if (id < first) first = id;
      if (id > last) last = id;
    }
    return this.#statements.between.get(tenant, groupId, first, last) !== undefined;
  }
}

function prepareStatements(write: SqliteConnection) {
  const a = named(access, 'a');
  return {
    members: prepared<[tenant: string, groupId: string, after: string, limit: number], string>(
      write,
      sql`
        SELECT ${m.memberId}
        FROM ${m.table}
        WHERE ${m.tenant} = +? AND ${m.groupId} = +? AND ${m.memberId} > +?
        ORDER BY ${m.memberId}
        LIMIT ?
      `,
    ).pluck(),
    many: prepared<[tenant: string, groupId: string, offset: number], number>(
      write,
      sql`
        SELECT 1 FROM ${m.table} WHERE ${m.tenant} = +? AND ${m.groupId} = +? LIMIT 1 OFFSET ?
      `,
    ).pluck(),
    between: prepared<[tenant: string, groupId: string, first: string, last: string], number>(
      write,
      sql`
        SELECT 1
        FROM ${m.table}
        WHERE ${m.tenant} = +? AND ${m.groupId} = +?
          AND ${m.memberId} >= +? AND ${m.memberId} <= +?
        LIMIT 1
      `,
    ).pluck(),
    among: prepared<[ids: string, tenant: string, groupId: string], string>(
      write,
      sql`
        SELECT ${m.memberId}
        FROM json_each(+?) AS i
        CROSS JOIN ${m.table}
          ON ${m.tenant} = +? AND ${m.groupId} = +? AND ${m.memberId} = i.value
      `,
    ).pluck(),
    // With ON CONFLICT DO NOTHING, SQLite would copy each page first, to be able to undo the
    // statement. No other conflict can be ignored here.
    join: prepared<[groupId: string, ids: string, tenant: string]>(
      write,
      sql`
        INSERT OR IGNORE INTO ${m.table} (${INSERTED})
        SELECT ${a.tenant}, ?, ${a.id}, 'User'
        FROM json_each(+?) AS i
        CROSS JOIN ${a.table} ON ${a.tenant} = +? AND ${a.id} = i.value
      `,
    ),
    nest: prepared<[tenant: string, groupId: string, memberId: string]>(
      write,
      sql`INSERT INTO ${m.table} (${INSERTED}) VALUES (?, ?, ?, 'Group') ON CONFLICT DO NOTHING`,
    ),
    leave: prepared<[tenant: string, groupId: string, memberId: string]>(
      write,
      sql`
        DELETE FROM ${m.table}
        WHERE ${m.tenant} = +? AND ${m.groupId} = +? AND ${m.memberId} = +?
      `,
    ),
  };
}

type FoundType = Row<'groupMembers'>['memberType'] | null;

/** The ids, and whether each belongs to a user, to a group or to nothing in the tenant. */
function typesOf(write: SqliteConnection, tenant: string, ids: readonly string[]) {
  const a = named(access, 'a');
  const nested = named(groups, 'g');
  return write.all<{ id: string; type: FoundType }>(
    sql`
      SELECT i.value AS id,
        CASE
          WHEN EXISTS (
            SELECT 1 FROM ${a.table} WHERE ${a.tenant} = ${tenant} AND ${a.id} = i.value
          ) THEN 'User'
          WHEN EXISTS (
            SELECT 1 FROM ${nested.table} WHERE ${nested.tenant} = ${tenant} AND ${nested.id} = i.value
          ) THEN 'Group'
        END AS type
      FROM ${list(ids)}
    `,
  );
}

/** A new member must not be the group itself or hold it, at any depth. */
function refuseCycle(
  write: SqliteConnection,
  tenant: string,
  groupId: string,
  groups: readonly string[],
): void {
  if (groups.length === 0) return;
  const held = named(groupMembers, 'g');
  const [found] = write.all<Pick<Row<'groups'>, 'id'>>(
    sql`
      WITH RECURSIVE up(id) AS (
        SELECT ${groupId}
        UNION
        SELECT ${held.groupId}
        FROM up
        CROSS JOIN ${held.table}
        WHERE ${held.tenant} = ${tenant} AND ${held.memberId} = up.id
      )
      SELECT id
      FROM up
      WHERE id IN (SELECT i.value FROM ${list(groups)})
      LIMIT 1
    `,
  );
  if (found !== undefined) throw containsItself(found.id);
}

/** Removes a deleted resource from all groups, which changes them. Returns their ids. */
export function leaveAllGroups(
  write: SqliteConnection,
  tenant: string,
  memberId: string,
  at: number,
): readonly string[] {
  const ofMember = sql`${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}`;
  write.run(
    sql`
      UPDATE ${g.table}
      SET ${g.version} = ${g.version} + 1, ${g.lastModified} = max(${g.lastModified}, ${at})
      WHERE ${g.tenant} = ${tenant}
        AND ${g.id} IN (SELECT ${m.groupId} FROM ${m.table} WHERE ${ofMember})
    `,
  );
  const left = write.all<Pick<Row<'groupMembers'>, 'groupId'>>(
    sql`DELETE FROM ${m.table} WHERE ${ofMember} RETURNING ${m.groupId} AS "groupId"`,
  );
  return left.map(({ groupId }) => groupId);
}
