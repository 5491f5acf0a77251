/** The groups of a user whom a transaction has changed, for the response. */
import { sql } from 'drizzle-orm';
import { named } from '../../sql/names.ts';
import type { GroupMembership } from '../../store/resources.ts';
import type { SqliteConnection } from '../connections.ts';
import { groupMembers, groups } from '../schema.ts';
import { prepared } from './prepared.ts';

/**
 * Returns undefined if one of the groups is in a group itself. On the connection that writes, this
 * costs a fraction of a read: the other one has to find its pages anew after each transaction.
 */
export function readGroupsOfUser(
  write: SqliteConnection,
): (tenant: string, id: string) => readonly GroupMembership[] | undefined {
  const g = named(groups, 'g');
  const m = named(groupMembers, 'm');
  const above = named(groupMembers, 'above');
  const statement = prepared<
    [tenant: string, id: string],
    Pick<GroupMembership, 'groupId' | 'displayName'> & { readonly isNested: number }
  >(
    write,
    sql`
      SELECT ${m.groupId} AS "groupId", ${g.attributes} ->> 'displayName' AS "displayName",
        EXISTS (
          SELECT 1
          FROM ${above.table}
          WHERE ${above.tenant} = ${m.tenant} AND ${above.memberId} = ${m.groupId}
        ) AS "isNested"
      FROM ${m.table}
      CROSS JOIN ${g.table} ON ${g.tenant} = ${m.tenant} AND ${g.id} = ${m.groupId}
      WHERE ${m.tenant} = +? AND ${m.memberId} = +?
      ORDER BY ${m.groupId}
    `,
  );
  return (tenant, id) => {
    const found = statement.all(tenant, id);
    if (found.some(({ isNested }) => isNested === 1)) return undefined;
    return found.map(({ groupId, displayName }) => ({ groupId, displayName, type: 'direct' }));
  };
}
