/** Groups as the console shows them, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { compareText, fold } from '../../../scim/text.ts';
import type { GroupOfPerson, GroupReference, PeopleStore } from '../../store/people.ts';
import { named, type Row } from '../names.ts';
import { pageCursor, pageKey } from './cursor.ts';
import type { PeopleDatabase } from './database.ts';
import { startsWith } from './prefix.ts';

/** Direct members of a group are counted up to this number. */
const MOST_COUNTED = 1_000;
/** Memberships that are followed upwards from a person. */
const MOST_EDGES = 10_000;

interface GroupRow extends Pick<Row<'groups'>, 'id' | 'lastModified'> {
  readonly key: string;
  readonly displayName: string;
  readonly counted: number;
}

/** A membership on the way from a person up, and the name of the group. */
interface EdgeRow {
  readonly child: string;
  readonly parent: string;
  readonly displayName: string;
}

export function createGroupReads(
  database: PeopleDatabase,
): Pick<PeopleStore, 'groupsOf' | 'searchGroups' | 'groupNames' | 'group'> {
  const { dialect, all } = database;
  const g = named(dialect.tables.groups, 'g');
  const isNamed = (tenant: string, text = '') =>
    sql`${g.tenant} = ${tenant} AND ${startsWith(g.displayNameKey, fold(text))}`;
  return {
    groupsOf: async (tenant, id) => waysUp(await all(edgesAbove(database, tenant, id)), id),
    searchGroups: async (tenant, { text, after, limit }) => {
      const [last] = pageKey(after, 1) ?? [];
      const behind = last === undefined ? sql`` : sql`AND ${g.displayNameKey} > ${last}`;
      const statement: SQL<GroupRow> = sql`
        SELECT ${g.id}, ${g.displayNameKey} AS key, ${g.attributes} ->> 'displayName' AS "displayName",
          ${g.lastModified} AS "lastModified", ${countedMembers(dialect)} AS counted
        FROM ${g.table}
        WHERE ${isNamed(tenant, text)} ${behind}
        ORDER BY ${g.displayNameKey}
        LIMIT ${limit + 1}
      `;
      const rows = await all(statement);
      const shown = rows.slice(0, limit);
      const end = rows.length > limit ? shown.at(-1) : undefined;
      return {
        groups: shown.map(({ counted, key: _, ...group }) => ({
          ...group,
          members: { count: Math.min(MOST_COUNTED, counted), more: counted > MOST_COUNTED },
        })),
        next: end && pageCursor(end.key),
      };
    },
    groupNames: (tenant, { text, limit }) => {
      const statement: SQL<GroupReference> = sql`
        SELECT ${g.id}, ${g.attributes} ->> 'displayName' AS "displayName"
        FROM ${g.table}
        WHERE ${isNamed(tenant, text)}
        ORDER BY ${g.displayNameKey}
        LIMIT ${limit}
      `;
      return all(statement);
    },
    group: async (tenant, id) => {
      const statement: SQL<GroupReference> = sql`
        SELECT ${g.id}, ${g.attributes} ->> 'displayName' AS "displayName"
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}
      `;
      const [group] = await all(statement);
      return group;
    },
  };
}

/** Counts the direct members of the group in `g`, up to one more than are shown. */
function countedMembers({ tables }: PeopleDatabase['dialect']): SQL {
  const g = named(tables.groups, 'g');
  const m = named(tables.groupMembers, 'm');
  return sql`
    (
      SELECT count(*)
      FROM (
        SELECT 1
        FROM ${m.table}
        WHERE ${m.tenant} = ${g.tenant} AND ${m.groupId} = ${g.id}
        LIMIT ${MOST_COUNTED + 1}
      ) AS n
    )
  `;
}

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
