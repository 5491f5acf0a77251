/**
 * The statements that change users of a tenant, composed once: as many at once as there are. Of
 * the one that writes, `resource` is the first part: what it doesn't write, no other part writes.
 * The parts after it are executed from the last to the first, so nobody waits for the counters
 * longer than for the commit.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { PageRow } from '../../sql/lists.ts';
import type { ActivityRow } from '../../sql/log/rows.ts';
import type { LookupValue } from '../../sql/lookup-values.ts';
import { columns, named, type Row, selected } from '../../sql/names.ts';
import { memberships } from '../../sql/related/groups-of-users.ts';
import { externalIdOf } from '../../sql/resource-conditions.ts';
import { type SearchContext, USER_COLUMNS } from '../../sql/resource-key.ts';
import { Slot, type Slots, type Template, template } from '../../sql/template.ts';
import type { Scope } from '../../store/resources.ts';
import { compose } from '../connection/connections.ts';
import { array, postgresDialect } from '../dialect.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import { access, accessValues, externalIds, sessions } from '../schema.ts';
import { addedToCounters, putLinks, VALUE } from './dependents.ts';

const a = named(access);
const INSERTED = columns(a, ...USER_COLUMNS);
const KEY = columns(a, 'tenant', 'id');
/** The row as the change wants it. */
const w = named(access, 'excluded');
/** The row as it is. */
const r = named(access, 'r');
const l = named(externalIds, 'l');
const VALUES = named(accessValues);
const VALUE_KEY = columns(VALUES, 'tenant', 'value', 'accessId');
const v = named(accessValues, 'v');
const SESSIONS = named(sessions);
const s = named(sessions, 's');

/** By how much a counter of the tenant changes. */
export interface CounterChange {
  readonly name: string;
  readonly by: number;
}

export interface UserChange {
  readonly id: string;
  /** The version that was read. */
  readonly version: number;
  readonly created: number;
  readonly userId: string;
  readonly key: string;
  readonly isRenamed: boolean;
  /** The sessions end. */
  readonly isOtherPerson: boolean;
  /** The attributes, and their search document, as JSON. */
  readonly json: string;
  readonly document: string;
  readonly active: boolean;
  readonly externalId: string | null;
  /** Whether the integration has a link with this externalId. */
  readonly isLinked: boolean;
  readonly written: readonly LookupValue[];
  readonly removed: readonly string[];
  readonly counts: readonly CounterChange[];
  readonly at: number;
  readonly entry: ActivityRow | undefined;
}

interface ChangesInput extends Scope {
  /** Of different users. */
  readonly changes: readonly UserChange[];
  /** Of the counters. */
  readonly slot: number;
}

interface ReadInput extends Scope {
  readonly ids: readonly string[];
  /** Bytes of attributes that are read of a user at most. */
  readonly most: number;
}

/** A user with longer attributes is without them. */
interface CurrentRow extends PageRow {
  /** Whether the integration provisions the user; null if not. */
  readonly isLinked: true | null;
}

export type WrittenUser = Pick<Row<'access'>, 'id' | 'version' | 'lastModified'>;

type Each<T> = (change: UserChange) => T;

const ofEach = (isMeant: Each<boolean>, each: Each<unknown>) =>
  new Slot('changes', (changes) => (changes as readonly UserChange[]).filter(isMeant).map(each));
const of = (each: Each<unknown>) =>
  new Slot('changes', (changes) => (changes as readonly UserChange[]).map(each));
const texts = (each: Each<string>) => array(of(each));

/** One list of what each change has several of. */
const flat =
  <T>(listOf: (change: UserChange) => readonly T[]) =>
  (each: (item: T, change: UserChange) => string) =>
    new Slot('changes', (changes) =>
      (changes as readonly UserChange[]).flatMap((change) =>
        listOf(change).map((item) => each(item, change)),
      ),
    );
const written = flat((change) => change.written);
const removed = flat((change) => change.removed);
const counts = flat((change) => change.counts);

/** Selects users. Both sub-selects depend on one row, and PostgreSQL can't join them. */
export function currentUsers(context: SearchContext): Template<ReadInput, CurrentRow> {
  const user = postgresDialect.lookUp(
    context.r,
    sql`${context.r.tenant} = ${context.scope.tenant} AND ${context.r.id} = i.value`,
  );
  return template<ReadInput, CurrentRow>(
    compose,
    ({ tenant, integrationId, ids, most }) => sql`
      SELECT ${selected(context.r, 'id', 'version', 'created', 'lastModified')},
        CASE
          WHEN ${postgresDialect.isWithin(context.r.attributes, sql`${most}::integer`)}
            THEN ${context.r.attributes}
        END AS attributes,
        ${externalIdOf(context)} AS "externalId",
        ${memberships(context)} AS memberships,
        (
          SELECT TRUE
          FROM ${l.table}
          WHERE ${l.tenant} = ${tenant}
            AND ${l.resourceId} = ${context.r.id}
            AND ${l.integrationId} = ${integrationId}
        ) AS "isLinked"
      FROM unnest(${array(ids)}) AS i(value) ${user}
    `,
  );
}

/**
 * Follows the changes in the same transaction, and does nothing unless a user is as the change
 * leaves it. Ids of transactions aren't compared, because each node of a distributed database has
 * its own. The sessions are read after the row is written, so none begins meanwhile.
 */
export const ENDED_SESSIONS = template(compose, ({ tenant }: Slots<ChangesInput>) => {
  const others = (each: Each<unknown>) => ofEach((change) => change.isOtherPerson, each);
  const isWritten = sql`
    SELECT ${r.attributes}::text = n.json
    FROM ${r.table}
    WHERE ${r.tenant} = ${tenant} AND ${r.id} = n.id AND ${r.version} = n.version + 1
  `;
  const session = postgresDialect.lookUp(s, sql`${s.tenant} = ${tenant} AND ${s.accessId} = n.id`);
  const ended = sql`
    SELECT ${s.hash}
    FROM unnest(
      ${array(others(({ id }) => id))}, ${others(({ version }) => version)}::integer[],
      ${array(others(({ json }) => json))}
    ) AS n(id, version, json)
    ${session}
    WHERE (${isWritten})
  `;
  return sql<never>`
    DELETE FROM ${SESSIONS.table}
    WHERE ${SESSIONS.tenant} = ${tenant}
      AND ${postgresDialect.among(SESSIONS.hash, ended)}
  `;
});

type Part = 'renamed' | 'linked' | 'removed' | 'written' | 'counted';

export class UserStatements {
  readonly #activity: ActivityLog;
  readonly #changes = new Map<string, Template<ChangesInput, WrittenUser>>();

  constructor(activity: ActivityLog) {
    this.#activity = activity;
  }

  /**
   * Writes the users whose version is still the one that was read and whom no other session has
   * locked. Selects them. What no change has is left out of the statement.
   */
  change(changes: readonly UserChange[]): Template<ChangesInput, WrittenUser> {
    const parts: Readonly<Record<Part, boolean>> = {
      renamed: changes.some(({ isRenamed }) => isRenamed),
      linked: changes.some(({ isLinked }) => !isLinked),
      removed: changes.some(({ removed }) => removed.length > 0),
      written: changes.some(({ written }) => written.length > 0),
      counted: changes.some(({ counts }) => counts.length > 0),
    };
    const key = Object.values(parts).join();
    const known = this.#changes.get(key);
    if (known !== undefined) return known;
    const made = template<ChangesInput, WrittenUser>(compose, (slots) =>
      changeStatement(slots, parts, this.#activity),
    );
    this.#changes.set(key, made);
    return made;
  }
}

const WRITTEN_IDS = sql`(SELECT id FROM resource)`;
const IF_WRITTEN = sql`WHERE e.resource_id IN ${WRITTEN_IDS}`;

/**
 * The row that `resource` inserts is always there, so the key leads to each. For an UPDATE of
 * several rows, PostgreSQL could choose another index. The lock of a row without its new name
 * lets others refer to the user.
 */
function changeStatement(
  { tenant, integrationId, slot }: Slots<ChangesInput>,
  parts: Readonly<Record<Part, boolean>>,
  activity: ActivityLog,
): SQL<WrittenUser> {
  const name = sql`
    ${a.userId} = ${w.userId}, ${a.userNameKey} = ${w.userNameKey},
  `;
  const strength = parts.renamed ? sql`UPDATE` : sql`NO KEY UPDATE`;
  const counted = addedToCounters(sql`
    SELECT ${tenant}, n.name, ${slot}::integer, sum(n.by)
    FROM unnest(
      ${array(counts(({ name }) => name))}, ${counts(({ by }) => String(by))}::bigint[],
      ${array(counts((_, { id }) => id))}
    ) AS n(name, by, id)
    WHERE n.id IN ${WRITTEN_IDS}
    GROUP BY n.name
    HAVING sum(n.by) <> 0
    ORDER BY n.name
  `);
  const lookup = sql`
    INSERT INTO ${VALUES.table} (${VALUE})
    SELECT ${tenant}, n.value, n.id, n.types
    FROM unnest(
      ${array(written(({ value }) => value))}, ${array(written((_, { id }) => id))},
      ${array(written(({ types }) => types))}
    ) AS n(value, id, types)
    WHERE n.id IN ${WRITTEN_IDS}
    ON CONFLICT (${VALUE_KEY})
    DO UPDATE SET ${VALUES.types} = ${named(accessValues, 'excluded').types}
  `;
  const values = array(removed((value) => value));
  const gone = sql`
    DELETE FROM ${v.table}
    WHERE ${v.tenant} = ${tenant}
      AND ${v.value} = ANY(${values})
      AND ${postgresDialect.among(v.accessId, sql`SELECT id FROM resource`)}
      AND (${v.value}, ${v.accessId}) IN (
        SELECT n.value, n.id
        FROM unnest(${values}, ${array(removed((_, { id }) => id))}) AS n(value, id)
      )
  `;
  const links = (each: Each<string | null>) => array(ofEach((change) => !change.isLinked, each));
  const linked = putLinks(sql`
    SELECT ${tenant}, ${integrationId}, n.id, 'User', n.external_id
    FROM unnest(
      ${links(({ id }) => id)}, ${links(({ externalId }) => externalId)}
    ) AS n(id, external_id)
    WHERE n.id IN ${WRITTEN_IDS}
  `);
  return sql`
    WITH resource AS (
      INSERT INTO ${a.table} (${INSERTED})
      SELECT ${tenant}, n.id, n.user_id, n.key, n.active, n.document::jsonb, n.json::json,
        n.version + 1, n.created, n.at
      FROM unnest(
        ${texts(({ id }) => id)}, ${texts(({ userId }) => userId)}, ${texts(({ key }) => key)},
        ${of(({ active }) => active)}::boolean[], ${texts(({ document }) => document)},
        ${texts(({ json }) => json)}, ${of(({ version }) => version)}::integer[],
        ${of(({ created }) => created)}::bigint[], ${of(({ at }) => at)}::bigint[]
      ) AS n(id, user_id, key, active, document, json, version, created, at)
      CROSS JOIN LATERAL (
        SELECT 1
        FROM ${r.table}
        WHERE ${r.tenant} = ${tenant} AND ${r.id} = n.id AND ${r.version} = n.version
        FOR ${strength} SKIP LOCKED
      ) AS locked
      ON CONFLICT (${KEY})
      DO UPDATE
      SET ${parts.renamed ? name : sql``} ${a.active} = ${w.active}, ${a.document} = ${w.document},
        ${a.attributes} = ${w.attributes}, ${a.version} = ${w.version},
        ${a.lastModified} = greatest(${named(access, 'access').lastModified}, ${w.lastModified})
      RETURNING ${named(access, 'access').id}, ${named(access, 'access').version},
        ${named(access, 'access').lastModified}
    )
    ${parts.counted ? sql`, counted AS (${counted})` : sql``}
    ${parts.written ? sql`, lookup AS (${lookup})` : sql``}
    ${parts.removed ? sql`, gone AS (${gone})` : sql``}
    ${parts.linked ? sql`, link AS (${linked})` : sql``}
    ${activity.each('changes', ({ entry }: UserChange) => entry, IF_WRITTEN)}
    SELECT ${a.id}, ${a.version}, ${a.lastModified} AS "lastModified" FROM resource
  `;
}
