/** The filters of a search for people by group and by integration, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import type { Expression } from '../conditions.ts';
import { named } from '../names.ts';
import type { PeopleDatabase } from './database.ts';
import { groupAndBelow, nextUsersBelow } from './nested-members.ts';

export interface PeopleFilter {
  /** Makes a condition of the expression that is a user's id. */
  fits(id: Expression): SQL;
  /** The next users behind the last one who fit, in the order of ids, each once. */
  next(last: string, limit: number): Promise<readonly string[]>;
}

/** People in the group, itself or through groups. Undefined if there is no such group. */
export async function inGroup(
  database: PeopleDatabase,
  tenant: string,
  groupId: string,
): Promise<PeopleFilter | undefined> {
  const { dialect } = database;
  const m = named(dialect.tables.groupMembers, 'm');
  const groups = await groupAndBelow(database, tenant, groupId);
  if (groups.length === 0) return undefined;
  const groupIds = groups.map(({ id }) => id);
  const ids = dialect.values(groupIds, 'i');
  return {
    // Neither database may turn this into a join, which would read all memberships.
    fits: (id) => sql`
      (
        SELECT 1
        FROM ${m.table}
        WHERE ${m.tenant} = ${tenant}
          AND ${m.memberId} = ${id}
          AND ${dialect.among(m.groupId, sql`SELECT i.value FROM ${ids}`)}
        LIMIT 1
      ) = 1
    `,
    next: async (last, limit) => {
      const users = await nextUsersBelow(database, tenant, groupIds, last, limit);
      return users.map(({ id }) => id);
    },
  };
}

export function provisionedBy(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  integrationId: string,
): PeopleFilter {
  const x = named(dialect.tables.externalIds, 'x');
  return {
    fits: (id) => sql`
      (
        SELECT 1
        FROM ${x.table}
        WHERE ${x.tenant} = ${tenant}
          AND ${x.resourceId} = ${id}
          AND ${x.integrationId} = ${integrationId}
        LIMIT 1
      ) = 1
    `,
    next: async (last, limit) => {
      const statement: SQL<{ readonly id: string }> = sql`
        SELECT ${x.resourceId} AS id
        FROM ${x.table}
        WHERE ${x.integrationId} = ${integrationId}
          AND ${x.resourceType} = 'User'
          AND ${x.tenant} = ${tenant}
          AND ${x.resourceId} > ${last}
        ORDER BY ${x.resourceId}
        LIMIT ${limit}
      `;
      return (await all(statement)).map(({ id }) => id);
    },
  };
}

/** Whether the user with the id is as active as asked. */
export function isActive(
  { dialect }: PeopleDatabase,
  tenant: string,
  id: Expression,
  active: boolean,
): SQL {
  const f = named(dialect.tables.access, 'f');
  return sql`
    (
      SELECT 1
      FROM ${f.table}
      WHERE ${f.tenant} = ${tenant} AND ${f.id} = ${id} AND ${f.active} = ${dialect.bind(active)}
    ) = 1
  `;
}

/** At most so many inactive users, in no order. */
export async function inactiveUsers(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  limit: number,
): Promise<readonly string[]> {
  const a = named(dialect.tables.access, 'a');
  const statement: SQL<{ readonly id: string }> = sql`
    SELECT ${a.id} FROM ${a.table} WHERE ${a.tenant} = ${tenant} AND NOT ${a.active} LIMIT ${limit}
  `;
  return (await all(statement)).map(({ id }) => id);
}
