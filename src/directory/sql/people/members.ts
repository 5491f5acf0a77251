/** Members of groups as the console shows them, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import type {
  GroupMember,
  GroupReference,
  MemberPage,
  MembersQuery,
  PeopleStore,
} from '../../store/people.ts';
import { groupsBelow } from '../followed-groups.ts';
import { named, type Row } from '../names.ts';
import { pageCursor, pageKey } from './cursor.ts';
import type { PeopleDatabase } from './database.ts';
import { listedPeople } from './summaries.ts';

/** Groups below a group whose users are read. */
const MOST_GROUPS = 5_000;
/** Groups that one statement reads the users of; SQLite accepts 500 parts. */
const PARTS = 64;

interface MemberRow {
  readonly id: string;
  readonly type: Row<'groupMembers'>['memberType'];
  readonly via: GroupReference | undefined;
}

export function createMemberReads(database: PeopleDatabase): Pick<PeopleStore, 'members'> {
  return {
    members: async (tenant, groupId, query) => {
      const { nested, after, limit } = query;
      const [last = ''] = pageKey(after, 1) ?? [];
      const read = nested ? usersBelow : directMembers;
      const rows = await read(database, tenant, groupId, last, limit + 1);
      return pageOf(database, tenant, rows, query);
    },
  };
}

async function directMembers(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  groupId: string,
  last: string,
  limit: number,
): Promise<readonly MemberRow[]> {
  const m = named(dialect.tables.groupMembers, 'm');
  const statement: SQL<Omit<MemberRow, 'via'>> = sql`
    SELECT ${m.memberId} AS id, ${m.memberType} AS type
    FROM ${m.table}
    WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${groupId} AND ${m.memberId} > ${last}
    ORDER BY ${m.memberId}
    LIMIT ${limit}
  `;
  return (await all(statement)).map((row) => ({ ...row, via: undefined }));
}

/**
 * Reads the first users behind the last one from each group, so that the cost depends on the number
 * of groups and not on that of their members.
 */
async function usersBelow(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  groupId: string,
  last: string,
  limit: number,
): Promise<readonly MemberRow[]> {
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
  const groups = await all(groupsBelow(dialect, { tenant, value: groupId }, MOST_GROUPS));
  const found = new Map<string, string>();
  for (let start = 0; start < groups.length; start += PARTS) {
    const ids = padded(groups.slice(start, start + PARTS).map(({ id }) => id));
    const statement = sql<{ readonly id: string; readonly groupId: string }>`
      ${sql.join(ids.map(firstOf), sql` UNION ALL `)}
    `;
    for (const row of await all(statement)) {
      // A direct membership is shown before one through another group.
      if (row.groupId === groupId || !found.has(row.id)) found.set(row.id, row.groupId);
    }
  }
  const names = new Map(groups.map(({ id, displayName }) => [id, { id, displayName }]));
  return [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([id, via]) => ({
      id,
      type: 'User',
      via: via === groupId ? undefined : names.get(via),
    }));
}

/** Adds ids of no group up to a power of two, so that there are few different statements. */
function padded(ids: readonly string[]): readonly string[] {
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, ids.length)));
  return [...ids, ...Array<string>(size - ids.length).fill('')];
}

async function pageOf(
  database: PeopleDatabase,
  tenant: string,
  rows: readonly MemberRow[],
  { limit }: MembersQuery,
): Promise<MemberPage> {
  const shown = rows.slice(0, limit);
  const idsOf = (type: MemberRow['type']) =>
    shown.filter((row) => row.type === type).map(({ id }) => id);
  const people = await listedPeople(database, tenant, idsOf('User'));
  const groups = await groupNames(database, tenant, idsOf('Group'));
  const members = shown.flatMap(({ id, type, via }): readonly GroupMember[] => {
    const person = people.get(id);
    const displayName = groups.get(id);
    if (type === 'User') return person ? [{ ...person.summary, type, via }] : [];
    return displayName === undefined ? [] : [{ id, type, displayName }];
  });
  const end = rows.length > limit ? shown.at(-1) : undefined;
  return { members, next: end && pageCursor(end.id) };
}

async function groupNames(
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
