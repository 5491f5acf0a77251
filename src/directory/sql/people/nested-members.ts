/** The users in a group and in the groups below it, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { groupsBelow } from '../followed-groups.ts';
import { named } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

/** Groups below a group that are looked at. */
const MOST_GROUPS = 5_000;
/** Groups that one statement reads the users of; SQLite accepts 500 parts. */
const PARTS = 64;

/** A user, and the group that has the user as a member. */
interface UserBelow {
  readonly id: string;
  readonly groupId: string;
}

/** The group itself comes first. Empty if there is no such group. */
export const groupAndBelow = ({ dialect, all }: PeopleDatabase, tenant: string, groupId: string) =>
  all(groupsBelow(dialect, { tenant, value: groupId }, MOST_GROUPS));

/**
 * Reads the next users behind the last one, in the order of ids, each once. Reads so many from each
 * group, so that the cost depends on the number of groups and not on that of their members.
 */
export async function nextUsersBelow(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  groupIds: readonly string[],
  last: string,
  limit: number,
): Promise<readonly UserBelow[]> {
  const m = named(dialect.tables.groupMembers, 'm');
  const firstOf = (id: string) => sql`
    SELECT *
    FROM (
      SELECT ${m.memberId} AS id, ${m.groupId} AS "groupId"
      FROM ${m.table}
      WHERE ${m.tenant} = ${tenant}
        AND ${m.groupId} = ${id}
        AND ${m.memberId} > ${last}
        AND ${m.memberType} = 'User'
      ORDER BY ${m.memberId}
      LIMIT ${limit}
    ) AS n
  `;
  const found = new Map<string, UserBelow>();
  for (let start = 0; start < groupIds.length; start += PARTS) {
    const parts = padded(groupIds.slice(start, start + PARTS)).map(firstOf);
    const statement: SQL<UserBelow> = sql`${sql.join(parts, sql` UNION ALL `)}`;
    for (const row of await all(statement)) {
      // A direct membership counts before one through another group.
      if (row.groupId === groupIds[0] || !found.has(row.id)) found.set(row.id, row);
    }
  }
  return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
}

/** Adds ids of no group up to a power of two, so that there are few different statements. */
function padded(ids: readonly string[]): readonly string[] {
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, ids.length)));
  return [...ids, ...Array<string>(size - ids.length).fill('')];
}
