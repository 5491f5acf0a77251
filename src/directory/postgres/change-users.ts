/** The usual change of a group on PostgreSQL, in one statement: users join and leave by id. */
import { type SQL, sql } from 'drizzle-orm';
import type { MemberChange } from '../../scim/members.ts';
import type { Attributes } from '../../scim/resource.ts';
import { type ResourceRow, resourceOf } from '../sql/lists.ts';
import type { ActivityRow } from '../sql/log/rows.ts';
import { columns, named, selected } from '../sql/names.ts';
import { shownName } from '../sql/resource-key.ts';
import type { Author, GroupChangeResult } from '../store/resources.ts';
import type { Queries } from './connection/connections.ts';
import { array } from './dialect.ts';
import { type ActivityLog, type Computed, MOVED, movedPart } from './log/activity-log.ts';
import { access, externalIds, groupMembers, groups } from './schema.ts';

const GROUPS = named(groups);
const g = named(groups, 'g');
/** The group as the statement first saw it, for comparison with the locked row. */
const s = named(groups, 's');
/** Rows of groups, in the statement's own tables `locked`, `target` and `changed`. */
const l = named(groups, 'l');
const t = named(groups, 't');
const c = named(groups, 'c');
const SELECTED = selected(t, 'id', 'attributes', 'created');
const a = named(access, 'a');
const MEMBERS = named(groupMembers);
const MEMBER = columns(MEMBERS, 'tenant', 'groupId', 'memberId', 'memberType');
const m = named(groupMembers, 'm');
const LINKS = named(externalIds);
const LINK = columns(LINKS, 'tenant', 'integrationId', 'resourceId', 'resourceType', 'externalId');
const LINK_KEY = columns(LINKS, 'tenant', 'resourceId', 'integrationId');
const x = named(externalIds, 'x');

interface StatementRow extends ResourceRow, Pick<ActivityRow, 'moved'> {
  readonly users: readonly string[];
  readonly isChanged: boolean;
}

interface Delta {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/**
 * The changes as one, if all of them are by id and their order makes no difference; undefined
 * otherwise.
 */
export function deltaOf(changes: readonly MemberChange[]): Delta | undefined {
  const add = new Set<string>();
  const remove = new Set<string>();
  for (const change of changes) {
    if (change.kind !== 'add' && change.kind !== 'remove') return undefined;
    for (const id of change.values) (change.kind === 'add' ? add : remove).add(id);
  }
  return [...add].every((id) => !remove.has(id))
    ? { add: [...add], remove: [...remove] }
    : undefined;
}

/** The group after a change, and its entry in the activity log unless nothing changed. */
export interface Changed {
  readonly result: GroupChangeResult;
  readonly entry: ActivityRow | undefined;
}

/** Stands for attributes that the statement reads. */
const UNREAD: Attributes = {};

/**
 * Adds users and removes members in one statement, which waits for the group's row before it
 * touches a member. It doesn't see what was committed while it waited. That makes no difference to
 * an addition, because adding a member twice changes nothing; a removal of a member that it hasn't
 * seen is left alone. Returns undefined, and changes nothing, in that case, if there is no such
 * group, and if a group is to be added.
 */
export async function changeUsers(
  queries: Queries,
  activity: ActivityLog,
  author: Author,
  id: string,
  { add, remove }: Delta,
  at: number,
): Promise<Changed | undefined> {
  const { tenant, integrationId } = author;
  const locked = sql`
    SELECT g.*
    FROM ${g.table}
    WHERE ${g.tenant} = ${tenant}
      AND ${g.id} = ${id}
      AND NOT EXISTS (
        SELECT 1 FROM ${s.table} WHERE ${s.tenant} = ${tenant} AND ${s.id} = ANY(${array(add)})
      )
    FOR NO KEY UPDATE OF g
  `;
  const overtaken = sql`
    ${l.version} <> (
      SELECT ${s.version} FROM ${s.table} WHERE ${s.tenant} = ${tenant} AND ${s.id} = ${id}
    )
  `;
  const removable = sql`
    ${m.tenant} = ${tenant} AND ${m.groupId} = ${id} AND ${m.memberId} = ANY(${array(remove)})
  `;
  const seen = sql`(SELECT count(*) FROM ${m.table} WHERE ${removable})`;
  const target = sql`
    SELECT l.*, ${overtaken} AS overtaken
    FROM locked l
    WHERE NOT (${overtaken}) OR ${seen} = cardinality(${array(remove)})
  `;
  const present = sql`
    SELECT ${a.id}
    FROM target
    CROSS JOIN ${a.table}
    WHERE ${a.tenant} = ${tenant} AND ${a.id} = ANY(${array(add)})
    FOR KEY SHARE OF a
  `;
  const added = sql`
    INSERT INTO ${MEMBERS.table} (${MEMBER})
    SELECT ${tenant}, ${id}, id, 'User'
    FROM present
    ON CONFLICT DO NOTHING
    RETURNING ${MEMBERS.memberId} AS id
  `;
  const removed = sql`
    DELETE FROM ${m.table}
    USING target
    WHERE ${m.tenant} = ${tenant}
      AND ${m.groupId} = target.id
      AND ${m.memberId} = ANY(${array(remove)})
    RETURNING ${m.memberId} AS id
  `;
  const changed = sql`
    UPDATE ${g.table}
    SET ${GROUPS.version} = ${g.version} + 1,
      ${GROUPS.lastModified} = greatest(${g.lastModified}, ${at})
    WHERE ${g.tenant} = ${tenant}
      AND ${g.id} = (SELECT id FROM target)
      AND (EXISTS (SELECT 1 FROM added) OR EXISTS (SELECT 1 FROM removed))
    RETURNING ${g.version}, ${g.lastModified}
  `;
  const link = (when: SQL) =>
    sql`
      INSERT INTO ${LINKS.table} AS x (${LINK})
      SELECT ${tenant}, ${integrationId}, id, 'Group', NULL
      FROM target
      WHERE ${when}
      ON CONFLICT (${LINK_KEY})
    `;
  // An update that changes nothing reads what was committed meanwhile.
  const links = sql`
    link AS (${link(sql`NOT overtaken`)} DO NOTHING),
    known AS (
      ${link(sql`overtaken`)}
      DO UPDATE SET ${LINKS.externalId} = ${x.externalId}
      RETURNING ${x.externalId}
    )
  `;
  const externalId = sql`
    CASE
      WHEN t.overtaken THEN (SELECT ${LINKS.externalId} FROM known)
      ELSE (
        SELECT ${x.externalId}
        FROM ${x.table}
        WHERE ${x.tenant} = ${tenant}
          AND ${x.resourceId} = ${t.id}
          AND ${x.integrationId} = ${integrationId}
      )
    END
  `;
  const entry = activity.rowOf(author, () => ({
    type: 'Group',
    id,
    before: UNREAD,
    after: UNREAD,
    version: 0,
    at,
  }));
  const known: Computed = {
    ...MOVED,
    resourceName: sql`${t.attributes} ->> 'displayName'`,
    version: sql`${c.version}`,
    at: sql`${c.lastModified}`,
  };
  const [row] = await queries.all<StatementRow>(
    sql`
      WITH locked AS MATERIALIZED (${locked}),
        target AS MATERIALIZED (${target}),
        present AS MATERIALIZED (${present}),
        added AS (${added}),
        removed AS (${removed}),
        changed AS (${changed}),
        ${links}
        ${movedPart({ members: { added: sql`added`, removed: sql`removed` } })}
        ${activity.part(entry, known, sql`target t CROSS JOIN changed c CROSS JOIN moved`)}
      SELECT ${SELECTED}, COALESCE(${c.version}, ${t.version}) AS version,
        COALESCE(${c.lastModified}, ${t.lastModified}) AS "lastModified",
        ${externalId} AS "externalId", ARRAY(SELECT id FROM present) AS users, moved.moved,
        ${c.version} IS NOT NULL AS "isChanged"
      FROM target t
      LEFT JOIN changed c ON TRUE
      CROSS JOIN moved
    `,
  );
  if (row === undefined) return undefined;
  const { users, moved, isChanged, ...record } = row;
  const found = new Set(users);
  const group = resourceOf(record);
  const { version, lastModified } = group;
  const resourceName = shownName('Group', group.profile.attributes);
  return {
    result: { group, unknownMembers: add.filter((each) => !found.has(each)) },
    entry:
      entry && isChanged ? { ...entry, resourceName, version, at: lastModified, moved } : undefined,
  };
}
