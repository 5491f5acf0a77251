/** The groups that have a user as a member, as lists show them: a few names, and their number. */
import { type SQL, sql } from 'drizzle-orm';
import type { DirectGroups, GroupReference, PeopleStore } from '../../store/people.ts';
import { named } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

/** Groups of a user are counted up to this number. */
const MOST_COUNTED = 1_000;
/** Groups of a user that are named. */
const NAMED = 3;

interface DirectRow {
  readonly id: string;
  readonly counted: number;
  /** The first ids, with a space between them; NULL for a user in no group. */
  readonly first: string | null;
}

export function createDirectGroupReads(
  database: PeopleDatabase,
): Pick<PeopleStore, 'directGroups'> {
  return {
    directGroups: async (tenant, userIds) => {
      if (userIds.length === 0) return new Map();
      const rows = await database.all(firstGroups(database, tenant, userIds));
      const idsOf = ({ first }: DirectRow) => first?.split(' ') ?? [];
      const names = await groupNames(database, tenant, [...new Set(rows.flatMap(idsOf))]);
      return new Map(
        rows.map((row): [string, DirectGroups] => {
          const groups = idsOf(row).flatMap((id) => {
            const displayName = names.get(id);
            return displayName === undefined ? [] : [{ id, displayName }];
          });
          const { counted } = row;
          const count = Math.min(MOST_COUNTED, counted);
          return [row.id, { named: groups, count, more: counted > MOST_COUNTED }];
        }),
      );
    },
  };
}

/** Reads so many memberships of each user, so that the cost depends on the number of users alone. */
function firstGroups(
  { dialect }: PeopleDatabase,
  tenant: string,
  userIds: readonly string[],
): SQL<DirectRow> {
  const m = named(dialect.tables.groupMembers, 'm');
  const ofUser = sql`${m.tenant} = ${tenant} AND ${m.memberId} = i.value`;
  return sql`
    SELECT i.value AS id,
      (
        SELECT count(*)
        FROM (SELECT 1 FROM ${m.table} WHERE ${ofUser} LIMIT ${MOST_COUNTED + 1}) AS n
      ) AS counted,
      (
        SELECT string_agg(n.id, ' ' ORDER BY n.id)
        FROM (
          SELECT ${m.groupId} AS id
          FROM ${m.table}
          WHERE ${ofUser}
          ORDER BY ${m.groupId}
          LIMIT ${NAMED}
        ) AS n
      ) AS first
    FROM ${dialect.values(userIds, 'i')}
  `;
}

/** The names of those of the groups that exist, by id. */
export async function groupNames(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const g = named(dialect.tables.groups, 'g');
  const group = dialect.lookUp(g, sql`${g.tenant} = ${tenant} AND ${g.id} = i.value`);
  const statement: SQL<GroupReference> = sql`
    SELECT ${g.id}, ${g.attributes} ->> 'displayName' AS "displayName"
    FROM ${dialect.values(ids, 'i')} ${group}
  `;
  return new Map((await all(statement)).map(({ id, displayName }) => [id, displayName]));
}
