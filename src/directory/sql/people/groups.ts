/** Groups as the console shows them, as SQL for both databases. */
import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import { compareText, fold } from '../../../scim/text.ts';
import type { GroupDetails, GroupOfPerson, PeopleStore } from '../../store/people.ts';
import { named, type Row } from '../names.ts';
import { pageCursor, pageKey } from './cursor.ts';
import type { PeopleDatabase } from './database.ts';
import { startsWith } from './prefix.ts';
import { provisionersOf } from './provisioners.ts';

/** Direct members of a group are counted up to this number, in a list and for one group. */
const COUNTED_IN_LIST = 1_000;
const COUNTED = 10_000;
/** Memberships that are followed upwards from a person. */
const MOST_EDGES = 10_000;

interface GroupRow extends Pick<Row<'groups'>, 'id' | 'lastModified'> {
  readonly key: string;
  readonly displayName: string;
  readonly counted: number;
}

interface DetailsRow extends Pick<Row<'groups'>, 'id' | 'version' | 'created' | 'lastModified'> {
  readonly attributes: string;
  readonly users: number;
  readonly groups: number;
}

/** A membership on the way from a person up, and the name of the group. */
interface EdgeRow {
  readonly child: string;
  readonly parent: string;
  readonly displayName: string;
}

export function createGroupReads(
  database: PeopleDatabase,
): Pick<PeopleStore, 'groupsOf' | 'searchGroups' | 'group'> {
  const { dialect, all } = database;
  const { tables } = dialect;
  const g = named(tables.groups, 'g');
  const m = named(tables.groupMembers, 'm');
  const countOf = (groupId: StringChunk, most: number, type?: 'User' | 'Group') => {
    // Not a parameter, so that the index of nested groups can be used.
    const ofType = type === undefined ? sql`` : sql`AND ${m.memberType} = ${sql.raw(`'${type}'`)}`;
    return sql`
      (
        SELECT count(*)
        FROM (
          SELECT 1
          FROM ${m.table}
          WHERE ${m.tenant} = ${g.tenant} AND ${m.groupId} = ${groupId} ${ofType}
          LIMIT ${most + 1}
        ) AS n
      )
    `;
  };
  return {
    groupsOf: async (tenant, id) => waysUp(await all(edgesAbove(database, tenant, id)), id),
    searchGroups: async (tenant, { text = '', after, limit }) => {
      const [last] = pageKey(after, 1) ?? [];
      const behind = last === undefined ? sql`` : sql`AND ${g.displayNameKey} > ${last}`;
      const statement: SQL<GroupRow> = sql`
        SELECT ${g.id}, ${g.displayNameKey} AS key, ${g.attributes} ->> 'displayName' AS "displayName",
          ${g.lastModified} AS "lastModified", ${countOf(g.id, COUNTED_IN_LIST)} AS counted
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${startsWith(g.displayNameKey, fold(text))} ${behind}
        ORDER BY ${g.displayNameKey}
        LIMIT ${limit + 1}
      `;
      const rows = await all(statement);
      const shown = rows.slice(0, limit);
      const end = rows.length > limit ? shown.at(-1) : undefined;
      return {
        groups: shown.map(({ counted, key: _, ...group }) => ({
          ...group,
          members: upTo(COUNTED_IN_LIST, counted),
        })),
        next: end && pageCursor(end.key),
      };
    },
    group: async (tenant, id): Promise<GroupDetails | undefined> => {
      const statement: SQL<DetailsRow> = sql`
        SELECT ${g.id}, ${g.attributes}, ${g.version}, ${g.created},
          ${g.lastModified} AS "lastModified", ${countOf(g.id, COUNTED, 'User')} AS users,
          ${countOf(g.id, COUNTED, 'Group')} AS groups
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}
      `;
      const [row] = await all(statement);
      if (row === undefined) return undefined;
      const attributes: GroupDetails['attributes'] = JSON.parse(row.attributes);
      return {
        ...row,
        displayName: String(attributes.displayName),
        attributes,
        provisionedBy: await provisionersOf(database, tenant, id),
        users: upTo(COUNTED, row.users),
        groups: upTo(COUNTED, row.groups),
      };
    },
  };
}

const upTo = (most: number, counted: number) => ({
  count: Math.min(most, counted),
  more: counted > most,
});

/** The memberships on all ways from the member up. */
function edgesAbove({ dialect }: PeopleDatabase, tenant: string, memberId: string): SQL<EdgeRow> {
  const m = named(dialect.tables.groupMembers, 'm');
  const g = named(dialect.tables.groups, 'g');
  const above = dialect.lookUp(m, sql`${m.tenant} = ${tenant} AND ${m.memberId} = edge.parent`);
  const group = dialect.lookUp(g, sql`${g.tenant} = ${tenant} AND ${g.id} = e.parent`);
  return sql`
    WITH RECURSIVE edge(child, parent) AS (
      SELECT ${m.memberId}, ${m.groupId}
      FROM ${m.table}
      WHERE ${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}
      UNION
      SELECT ${m.memberId}, ${m.groupId}
      FROM edge ${above}
    )
    SELECT e.child, e.parent, ${g.attributes} ->> 'displayName' AS "displayName"
    FROM (SELECT child, parent FROM edge LIMIT ${MOST_EDGES}) AS e ${group}
  `;
}

/** Finds the shortest way to each group, level by level. */
function waysUp(edges: readonly EdgeRow[], memberId: string): readonly GroupOfPerson[] {
  const above = Map.groupBy(
    edges.toSorted((a, b) => compareText(a.displayName, b.displayName)),
    ({ child }) => child,
  );
  const found = new Map<string, GroupOfPerson>();
  let level: readonly { readonly id: string; readonly via: GroupOfPerson['via'] }[] = [
    { id: memberId, via: [] },
  ];
  while (level.length > 0) {
    const next: (typeof level)[number][] = [];
    for (const { id, via } of level) {
      for (const { parent, displayName } of above.get(id) ?? []) {
        if (found.has(parent)) continue;
        found.set(parent, { id: parent, displayName, via });
        next.push({ id: parent, via: [...via, { id: parent, displayName }] });
      }
    }
    level = next;
  }
  return [...found.values()].toSorted((a, b) =>
    compareText(fold(a.displayName), fold(b.displayName)),
  );
}
