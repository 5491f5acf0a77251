/**
 * The statement by which users join and leave groups of a tenant, composed once: as many changes at
 * once as there are. It waits for no row. Of several changes of a group, no two concern the same
 * member, so their order decides on nothing but the versions.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { ResourceRow } from '../../sql/lists.ts';
import type { ActivityRow } from '../../sql/log/rows.ts';
import { columns, named } from '../../sql/names.ts';
import { GROUP_COLUMNS } from '../../sql/resource-key.ts';
import { Slot, type Slots, type Template } from '../../sql/template.ts';
import { MAX_LOGGED_IDS } from '../../store/activity.ts';
import type { Scope } from '../../store/resources.ts';
import { array, postgresDialect } from '../dialect.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import { access, externalIds, groupMembers, groups } from '../schema.ts';
import { LINK } from './dependents.ts';
import { type Delta, MoveForms, type MoveParts } from './move-forms.ts';

const GROUPS = named(groups);
const INSERTED = columns(GROUPS, ...GROUP_COLUMNS);
const KEY = columns(GROUPS, 'tenant', 'id');
/** The row as the statement wants it. */
const w = named(groups, 'excluded');
const g = named(groups, 'g');
/** The group as the statement first saw it, for comparison with the locked row. */
const s = named(groups, 's');
const a = named(access, 'a');
const MEMBERS = named(groupMembers);
const MEMBER = columns(MEMBERS, 'tenant', 'groupId', 'memberId', 'memberType');
const m = named(groupMembers, 'm');
const LINKS = named(externalIds);
const x = named(externalIds, 'x');

export interface Move extends Delta {
  /** The id of the group. */
  readonly id: string;
  readonly at: number;
  readonly entry: ActivityRow | undefined;
}

interface MovesInput extends Scope {
  readonly moves: readonly Move[];
}

interface MadeRow extends Omit<ResourceRow, 'memberships'>, Pick<ActivityRow, 'moved'> {
  /** The number of the change, from 1 on. */
  readonly n: number;
  readonly isChanged: boolean;
}

/** The group and all users are there, and another session has or had one of them. */
interface HeldRow {
  readonly n: number;
  readonly id: null;
}

type MoveRow = MadeRow | HeldRow;

export class MoveStatements {
  readonly #forms: MoveForms<MovesInput, MoveRow>;

  constructor(activity: ActivityLog) {
    this.#forms = new MoveForms((slots, parts) => moveStatement(slots, parts, activity));
  }

  /**
   * Selects the changes that were made, and those that weren't because another session has locked
   * or overtaken the group, or is deleting or renaming a user. It leaves out those of a group that
   * isn't there, and those that add anybody but users.
   */
  of(moves: readonly Move[]): Template<MovesInput, MoveRow> {
    return this.#forms.of(moves);
  }
}

function moveStatement(
  { tenant, integrationId }: Slots<MovesInput>,
  { joining, leaving }: MoveParts,
  activity: ActivityLog,
): SQL<MoveRow> {
  const seen = (id: SQL) => sql`
    SELECT ${s.version} FROM ${s.table} WHERE ${s.tenant} = ${tenant} AND ${s.id} = ${id}
  `;
  const isMember = sql`
    SELECT TRUE
    FROM ${m.table}
    WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = t.id AND ${m.memberId} = p.id
  `;
  const isLinked = sql`
    SELECT TRUE
    FROM ${x.table}
    WHERE ${x.tenant} = ${tenant} AND ${x.resourceId} = d.id AND ${x.integrationId} = ${integrationId}
  `;
  const externalId = sql`
    SELECT ${x.externalId}
    FROM ${x.table}
    WHERE ${x.tenant} = ${tenant} AND ${x.resourceId} = d.id AND ${x.integrationId} = ${integrationId}
  `;
  const presentPart = sql`
    , present AS MATERIALIZED (
      SELECT n.n, n.id
      FROM unnest(${numbers(added)}, ${members(added)}) AS n(n, id)
      CROSS JOIN LATERAL (
        SELECT 1
        FROM ${a.table}
        WHERE ${a.tenant} = ${tenant} AND ${a.id} = n.id
        FOR KEY SHARE SKIP LOCKED
      ) AS locked
    )
  `;
  const arePresent = sql`
    AND n.adds = (SELECT count(*) FROM present p WHERE p.n = n.n)
  `;
  const areKnown = sql`
    AND n.adds = (
      SELECT count(*)
      FROM unnest(${numbers(added)}, ${members(added)}) AS u(n, id)
      ${postgresDialect.lookUp(a, sql`${a.tenant} = ${tenant} AND ${a.id} = u.id`)}
      WHERE u.n = n.n
    )
  `;
  const gainParts = sql`
    , added AS (
      INSERT INTO ${MEMBERS.table} (${MEMBER})
      SELECT ${tenant}, t.id, p.id, 'User'
      FROM present p
      JOIN target t ON t.n = p.n
      WHERE (${isMember}) IS NULL
      RETURNING ${MEMBERS.groupId} AS group_id, ${MEMBERS.memberId} AS id
    ),
    gain AS MATERIALIZED (
      SELECT t.n, ${idsOf('added')} AS moved
      FROM added x
      JOIN present p ON p.id = x.id
      JOIN target t ON t.n = p.n AND t.id = x.group_id
      GROUP BY t.n
    )
  `;
  const leavers = sql`unnest(${numbers(removed)}, ${members(removed)}) AS n(n, id)`;
  const lossParts = sql`
    , removed AS (
      DELETE FROM ${m.table}
      WHERE ${m.tenant} = ${tenant}
        AND ${postgresDialect.among(m.groupId, sql`SELECT id FROM target`)}
        AND ${m.memberId} = ANY(${members(removed)})
        AND (${m.groupId}, ${m.memberId}) IN (
          SELECT t.id, n.id FROM ${leavers} JOIN target t ON t.n = n.n
        )
      RETURNING ${m.groupId} AS group_id, ${m.memberId} AS id
    ),
    loss AS MATERIALIZED (
      SELECT t.n, ${idsOf('removed')} AS moved
      FROM removed x
      JOIN ${leavers} ON n.id = x.id
      JOIN target t ON t.n = n.n AND t.id = x.group_id
      GROUP BY t.n
    )
  `;
  const moved = [...(joining ? [sql`gain.moved`] : []), ...(leaving ? [sql`loss.moved`] : [])];
  const isChanged = sql.join(
    moved.map((each) => sql`${each} IS NOT NULL`),
    sql` OR `,
  );
  const computed = {
    resourceName: sql`d.attributes ->> 'displayName'`,
    version: sql`d.version`,
    at: sql`d.last_modified`,
    moved: sql`d.moved`,
  };
  return sql`
    WITH locked AS MATERIALIZED (
      SELECT l.*, (${seen(sql`i.value`)}) AS seen
      FROM (SELECT DISTINCT id FROM unnest(${texts(({ id }) => id)}) AS n(id) ORDER BY id) AS i(value)
      CROSS JOIN LATERAL (
        SELECT ${LOCKED}
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${g.id} = i.value
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS l
    )
    ${joining ? presentPart : sql``},
    target AS MATERIALIZED (
      SELECT n.n, n.at, l.*
      FROM ${CHANGES}
      JOIN locked l ON l.id = n.group_id
      WHERE l.version = l.seen ${joining ? arePresent : sql``}
    )
    ${joining ? gainParts : sql``}
    ${leaving ? lossParts : sql``},
    done AS MATERIALIZED (
      SELECT c.n, c.id, c.attributes, c.created, c.is_changed, c.moved,
        c.version + count(*) FILTER (WHERE c.is_changed) OVER earlier AS version,
        greatest(c.last_modified, max(c.at) FILTER (WHERE c.is_changed) OVER earlier)
          AS last_modified
      FROM (
        SELECT t.*, ${isChanged} AS is_changed,
          '{"members":{' || concat_ws(',', ${sql.join(moved, sql`, `)}) || '}}' AS moved
        FROM target t
        ${joining ? sql`LEFT JOIN gain ON gain.n = t.n` : sql``}
        ${leaving ? sql`LEFT JOIN loss ON loss.n = t.n` : sql``}
      ) AS c
      WINDOW earlier AS (PARTITION BY c.id ORDER BY c.n)
    ),
    changed AS (
      INSERT INTO ${GROUPS.table} (${INSERTED})
      SELECT ${tenant}, l.id, l.display_name_key, l.document, l.attributes, d.version, l.created,
        d.last_modified
      FROM locked l
      JOIN (
        SELECT id, max(version)::integer AS version, max(last_modified) AS last_modified
        FROM done
        WHERE is_changed
        GROUP BY id
      ) AS d ON d.id = l.id
      ON CONFLICT (${KEY})
      DO UPDATE
      SET ${GROUPS.version} = ${w.version}, ${GROUPS.lastModified} = ${w.lastModified}
    ),
    linked AS (
      INSERT INTO ${LINKS.table} (${LINK})
      SELECT ${tenant}, ${integrationId}, d.id, 'Group', NULL
      FROM (SELECT DISTINCT id FROM done ORDER BY id) AS d
      WHERE (${isLinked}) IS NULL
      ON CONFLICT DO NOTHING
    )
    ${activity.each(
      'moves',
      ({ entry }: Move) => entry,
      sql`JOIN done d ON d.n = e.n WHERE d.is_changed`,
      computed,
    )}
    SELECT n.n, d.id, d.attributes, d.version, d.created, d.last_modified AS "lastModified",
      (${externalId}) AS "externalId", ${activity.isFollowed ? sql`d.moved` : sql`NULL`} AS moved,
      d.is_changed AS "isChanged"
    FROM ${CHANGES}
    LEFT JOIN done d ON d.n = n.n
    WHERE d.n IS NOT NULL
      OR ((${seen(sql`n.group_id`)}) IS NOT NULL ${joining ? areKnown : sql``})
  `;
}

const LOCKED = columns(
  g,
  'id',
  'displayNameKey',
  'document',
  'attributes',
  'version',
  'created',
  'lastModified',
);

/** The text of the members that were added or removed, as part of the JSON of an entry. */
function idsOf(verb: 'added' | 'removed'): SQL {
  const most = sql.raw(String(MAX_LOGGED_IDS));
  const key = (name: string) => sql.raw(`'${name}'`);
  return sql`
    ${key(`"${verb}":`)} || array_to_json((array_agg(x.id ORDER BY x.id))[1:${most}])::text
      || ${key(`,"${verb}Count":`)} || count(*)
  `;
}

const of = (each: (move: Move) => unknown) =>
  new Slot('moves', (moves) => (moves as readonly Move[]).map(each));
const texts = (each: (move: Move) => string) => array(of(each));

const CHANGES = sql`
  unnest(
    ${texts(({ id }) => id)}, ${of(({ at }) => at)}::bigint[],
    ${of(({ add }) => add.length)}::integer[]
  ) WITH ORDINALITY AS n(group_id, at, adds, n)
`;

const added = ({ add }: Move) => add;
const removed = ({ remove }: Move) => remove;
type Members = typeof added;

/** The members of all changes, and the number of the change of each. */
const members = (each: Members) =>
  array(new Slot('moves', (moves) => (moves as readonly Move[]).flatMap(each)));
const numbers = (each: Members) => {
  const slot = new Slot('moves', (moves) =>
    (moves as readonly Move[]).flatMap((move, n) => each(move).map(() => n + 1)),
  );
  return sql`${slot}::integer[]`;
};
