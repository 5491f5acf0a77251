/** Members of groups as the console shows them, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import type {
  GroupMember,
  GroupReference,
  MemberPage,
  MembersQuery,
  PeopleStore,
} from '../../store/people.ts';
import { named, type Row } from '../names.ts';
import { pageCursor, pageKey } from './cursor.ts';
import type { PeopleDatabase } from './database.ts';
import { groupNames } from './direct-groups.ts';
import { groupAndBelow, nextUsersBelow } from './nested-members.ts';
import { listedPeople } from './summaries.ts';

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

async function usersBelow(
  database: PeopleDatabase,
  tenant: string,
  groupId: string,
  last: string,
  limit: number,
): Promise<readonly MemberRow[]> {
  const groups = await groupAndBelow(database, tenant, groupId);
  const names = new Map(groups.map(({ id, displayName }) => [id, { id, displayName }]));
  const users = await nextUsersBelow(database, tenant, [...names.keys()], last, limit);
  return users.map(({ id, groupId: via }) => ({
    id,
    type: 'User',
    via: via === groupId ? undefined : names.get(via),
  }));
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
