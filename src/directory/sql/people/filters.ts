/** The filters of a search for people by group and by integration, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import type { Expression } from '../conditions.ts';
import { groupsBelow } from '../followed-groups.ts';
import { named } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

/** Groups below the group of a filter. */
const MOST_GROUPS = 5_000;

export interface PeopleFilter {
  /** Makes a condition of the expression that is a user's id. */
  fits(id: Expression): SQL;
  /** The ids of all users who fit, more than once perhaps; undefined if there are more than that. */
  all(most: number): Promise<readonly string[] | undefined>;
}

/** People in the group, itself or through groups. Undefined if there is no such group. */
export async function inGroup(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  groupId: string,
): Promise<PeopleFilter | undefined> {
  const m = named(dialect.tables.groupMembers, 'm');
  const groups = await all(groupsBelow(dialect, { tenant, value: groupId }, MOST_GROUPS));
  if (groups.length === 0) return undefined;
  const ids = dialect.values(
    groups.map(({ id }) => id),
    'i',
  );
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
    all: (most) => {
      const users = sql`
        ${m.tenant} = ${tenant} AND ${m.groupId} = i.value AND ${m.memberType} = 'User'
      `;
      const statement: SQL<{ readonly id: string }> = sql`
        SELECT ${m.memberId} AS id FROM ${ids} ${dialect.lookUp(m, users)} LIMIT ${most + 1}
      `;
      return upTo(most, all(statement));
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
    all: (most) => {
      const statement: SQL<{ readonly id: string }> = sql`
        SELECT ${x.resourceId} AS id
        FROM ${x.table}
        WHERE ${x.integrationId} = ${integrationId}
          AND ${x.resourceType} = 'User'
          AND ${x.tenant} = ${tenant}
        LIMIT ${most + 1}
      `;
      return upTo(most, all(statement));
    },
  };
}

async function upTo(most: number, rows: Promise<readonly { readonly id: string }[]>) {
  const ids = (await rows).map(({ id }) => id);
  return ids.length > most ? undefined : ids;
}
