/**
 * The usual change of a group in one statement, composed once: users join and leave by id. The
 * statement waits for the group's row before it touches a member, and doesn't see what was
 * committed while it waited.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { ResourceRow } from '../../sql/lists.ts';
import type { ActivityRow } from '../../sql/log/rows.ts';
import { columns, named, selected } from '../../sql/names.ts';
import type { Slot, Slots, Template } from '../../sql/template.ts';
import type { Scope } from '../../store/resources.ts';
import { array } from '../dialect.ts';
import { type ActivityLog, type EntryInput, MOVED, movedPart } from '../log/activity-log.ts';
import { access, externalIds, groupMembers, groups } from '../schema.ts';
import { LINK, LINK_KEY } from './dependents.ts';
import { type Delta, MoveForms, type MoveParts } from './move-forms.ts';

const GROUPS = named(groups);
const g = named(groups, 'g');
/** The group as the statement first saw it, for comparison with the locked row. */
const s = named(groups, 's');
/** Rows of groups, in the statement's own tables `locked`, `target` and `changed`. */
const l = named(groups, 'l');
const t = named(groups, 't');
const c = named(groups, 'c');
const LOCKED = columns(g, 'id', 'attributes', 'version', 'created', 'lastModified');
const SELECTED = selected(t, 'id', 'attributes', 'created');
const a = named(access, 'a');
const MEMBERS = named(groupMembers);
const MEMBER = columns(MEMBERS, 'tenant', 'groupId', 'memberId', 'memberType');
const m = named(groupMembers, 'm');
const LINKS = named(externalIds);
const x = named(externalIds, 'x');
const o = named(externalIds, 'o');

interface DeltaInput extends Scope, EntryInput, Delta {
  readonly id: string;
  readonly at: number;
}

export interface DeltaRow extends Omit<ResourceRow, 'memberships'>, Pick<ActivityRow, 'moved'> {
  /** Those to add whom the tenant doesn't have. */
  readonly unknown: readonly string[];
  readonly isChanged: boolean;
}

export class MemberStatements {
  readonly #forms: MoveForms<DeltaInput, DeltaRow>;

  constructor(activity: ActivityLog) {
    this.#forms = new MoveForms((slots, parts) => deltaStatement(slots, parts, activity));
  }

  /**
   * Selects nothing, and changes nothing, if there is no such group, if a group is to be added, and
   * if a member is to be removed that the statement hasn't seen.
   */
  change(delta: Delta): Template<DeltaInput, DeltaRow> {
    return this.#forms.of([delta]);
  }
}

function deltaStatement(
  slots: Slots<DeltaInput>,
  { joining, leaving }: MoveParts,
  activity: ActivityLog,
): SQL<DeltaRow> {
  const { tenant, id, at } = slots;
  const [add, remove] = [array(slots.add), array(slots.remove)];
  const nested = sql`
    AND NOT EXISTS (SELECT 1 FROM ${s.table} WHERE ${s.tenant} = ${tenant} AND ${s.id} = ANY(${add}))
  `;
  const locked = sql`
    SELECT ${LOCKED}
    FROM ${g.table}
    WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id} ${joining ? nested : sql``}
    FOR NO KEY UPDATE OF g
  `;
  const overtaken = sql`
    ${l.version} <> (
      SELECT ${s.version} FROM ${s.table} WHERE ${s.tenant} = ${tenant} AND ${s.id} = ${id}
    )
  `;
  // A lock leaves out rows that were removed meanwhile: such a member may have joined again.
  const seen = sql`
    (
      SELECT count(*)
      FROM (
        SELECT 1
        FROM ${m.table}
        WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${l.id} AND ${m.memberId} = ANY(${remove})
        FOR UPDATE
      ) AS there
    )
  `;
  const seesAll = sql`WHERE NOT (${overtaken}) OR ${seen} = cardinality(${remove})`;
  const target = sql`
    SELECT l.*, ${overtaken} AS overtaken FROM locked l ${leaving ? seesAll : sql``}
  `;
  const added = [sql`SELECT id FROM added`, sql`SELECT id FROM late`];
  const moves = [...(joining ? added : []), ...(leaving ? [sql`SELECT id FROM removed`] : [])];
  const changed = sql`
    UPDATE ${g.table}
    SET ${GROUPS.version} = ${g.version} + 1,
      ${GROUPS.lastModified} = greatest(${g.lastModified}, ${at})
    WHERE ${g.tenant} = ${tenant}
      AND ${g.id} = (SELECT id FROM target)
      AND (${sql.join(
        moves.map((part) => sql`EXISTS (${part})`),
        sql` OR `,
      )})
    RETURNING ${g.version}, ${g.lastModified}
  `;
  const lists = {
    ...(joining && { added: sql`(${sql.join(added, sql` UNION ALL `)}) AS n` }),
    ...(leaving && { removed: sql`removed` }),
  };
  const known = {
    ...MOVED,
    resourceName: sql`${t.attributes} ->> 'displayName'`,
    version: sql`${c.version}`,
    at: sql`${c.lastModified}`,
  };
  const from = sql`FROM target t CROSS JOIN changed c CROSS JOIN moved`;
  const unknown = sql`
    ARRAY(
      SELECT n.id FROM unnest(${add}) AS n(id) WHERE n.id NOT IN (SELECT id FROM present)
    )
  `;
  return sql`
    WITH locked AS MATERIALIZED (${locked}),
      target AS MATERIALIZED (${target})
      ${joining ? joiningParts(slots, add) : sql``}
      ${leaving ? leavingPart(tenant, remove) : sql``},
      changed AS (${changed}),
      linked AS (${linked(slots)})
      ${movedPart({ members: lists })}
      ${activity.slots(from, known)}
    SELECT ${SELECTED}, COALESCE(${c.version}, ${t.version}) AS version,
      COALESCE(${c.lastModified}, ${t.lastModified}) AS "lastModified",
      ${externalIdOf(slots)} AS "externalId",
      ${joining ? unknown : sql`'{}'::text[]`} AS unknown,
      ${activity.isFollowed ? sql`moved.moved` : sql`NULL`} AS moved,
      ${c.version} IS NOT NULL AS "isChanged"
    FROM target t
    LEFT JOIN changed c ON TRUE
    CROSS JOIN moved
  `;
}

/**
 * Only members of a group that was overtaken may have joined without being seen. To insert a row
 * that may be there costs a third more. Users who join a new group or were created after its
 * members aren't looked up one by one.
 */
function joiningParts({ tenant, id }: Slots<DeltaInput>, add: SQL): SQL {
  const insert = (condition: SQL) => sql`
    INSERT INTO ${MEMBERS.table} (${MEMBER})
    SELECT ${tenant}, ${id}, present.id, 'User'
    FROM present
    CROSS JOIN target t
    WHERE ${condition}
  `;
  const members = (which: SQL) => sql`
    SELECT ${m.memberId}
    FROM ${m.table}
    WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${id} AND ${m.memberId} ${which}
  `;
  const between = sql`BETWEEN (SELECT min(id) FROM present) AND (SELECT max(id) FROM present)`;
  const isNew = sql`
    (
      NOT EXISTS (${members(between)})
      OR present.id NOT IN (${members(sql`= ANY(${add})`)})
    )
  `;
  return sql`
    , present AS MATERIALIZED (
      SELECT ${a.id}
      FROM target
      CROSS JOIN ${a.table}
      WHERE ${a.tenant} = ${tenant} AND ${a.id} = ANY(${add})
      FOR KEY SHARE OF a
    ),
    added AS (
      ${insert(sql`NOT t.overtaken AND ${isNew}`)}
      RETURNING ${MEMBERS.memberId} AS id
    ),
    late AS (
      ${insert(sql`t.overtaken`)}
      ON CONFLICT DO NOTHING
      RETURNING ${MEMBERS.memberId} AS id
    )
  `;
}

const leavingPart = (tenant: Slot, remove: SQL): SQL => sql`
  , removed AS (
    DELETE FROM ${m.table}
    USING target
    WHERE ${m.tenant} = ${tenant}
      AND ${m.groupId} = target.id
      AND ${m.memberId} = ANY(${remove})
    RETURNING ${m.memberId} AS id
  )
`;

/** Depends on no row, or PostgreSQL might read all links of the integration at once. */
const linkOf = ({ tenant, integrationId, id }: Slots<DeltaInput>, selects: SQL): SQL => sql`
  SELECT ${selects}
  FROM ${x.table}
  WHERE ${x.tenant} = ${tenant} AND ${x.resourceId} = ${id} AND ${x.integrationId} = ${integrationId}
`;

/** An update that changes nothing reads what was committed meanwhile. */
const linked = (slots: Slots<DeltaInput>): SQL => sql`
  INSERT INTO ${LINKS.table} AS o (${LINK})
  SELECT ${slots.tenant}, ${slots.integrationId}, ${t.id}, 'Group', NULL
  FROM target t
  WHERE t.overtaken OR NOT EXISTS (${linkOf(slots, sql`1`)})
  ON CONFLICT (${LINK_KEY})
  DO UPDATE SET ${LINKS.externalId} = ${o.externalId}
  RETURNING ${o.externalId}
`;

const externalIdOf = (slots: Slots<DeltaInput>): SQL => sql`
  CASE
    WHEN EXISTS (SELECT 1 FROM linked) THEN (SELECT ${LINKS.externalId} FROM linked)
    ELSE (${linkOf(slots, sql`${x.externalId}`)})
  END
`;
