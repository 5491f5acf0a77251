/**
 * The statements that change users, composed once. Each is one statement of which
 * `resource` is the first part: what it doesn't write, no other part writes. The parts after it are
 * executed from the last to the first, so nobody waits for the counters longer than for the commit.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type ResourceRow, resourceColumns } from '../../sql/lists.ts';
import type { LookupValue } from '../../sql/lookup-values.ts';
import { columns, named, type Row } from '../../sql/names.ts';
import { endedSessions } from '../../sql/people/sessions.ts';
import type { SearchContext } from '../../sql/resource-key.ts';
import { Slot, type Slots, type Template, template } from '../../sql/template.ts';
import type { Scope } from '../../store/resources.ts';
import { compose } from '../connection/connections.ts';
import { array, postgresDialect } from '../dialect.ts';
import type { ActivityLog, EntryInput } from '../log/activity-log.ts';
import { access, accessValues, externalIds } from '../schema.ts';
import { addedToCounters, IF_WRITTEN, putLinks, removedValues, VALUE } from './dependents.ts';

const a = named(access);
const l = named(externalIds, 'l');
const VALUES = named(accessValues);
const VALUE_KEY = columns(VALUES, 'tenant', 'value', 'accessId');

/** By how much a counter of the tenant changes. */
export interface CounterChange {
  readonly name: string;
  readonly by: number;
}

interface UserInput extends Scope, EntryInput {
  readonly id: string;
  readonly userId: string;
  readonly key: string;
  /** The attributes, and their search document, as JSON. */
  readonly json: string;
  readonly document: string;
  readonly active: boolean;
  readonly externalId: string | null;
  readonly written: readonly LookupValue[];
  readonly counts: readonly CounterChange[];
  /** Of the counters. */
  readonly slot: number;
  readonly at: number;
}

export interface UserChangeInput extends UserInput {
  /** The version that was read. */
  readonly version: number;
  readonly removed: readonly string[];
}

export type WrittenUser = Pick<Row<'access'>, 'version' | 'lastModified'>;

const writtenTexts = (key: keyof LookupValue) =>
  array(new Slot('written', (values) => (values as LookupValue[]).map((value) => value[key])));
const WRITTEN = sql`unnest(${writtenTexts('value')}, ${writtenTexts('path')}) AS n(value, path)`;

/**
 * Follows a change in the same transaction, and does nothing unless the user is as the change leaves
 * it. Ids of transactions aren't compared, because each node of a distributed database has its own.
 */
export const ENDED_SESSIONS = template(
  compose,
  ({ tenant, id, version, json }: Slots<UserChangeInput>) => sql<never>`
    ${endedSessions(postgresDialect.tables, tenant, id)}
      AND EXISTS (
        SELECT 1
        FROM ${a.table}
        WHERE ${a.tenant} = ${tenant}
          AND ${a.id} = ${id}
          AND ${a.version} = ${version}::integer + 1
          AND ${a.attributes}::text = ${json}::text
      )
  `,
);

/** Selects a user, and whether the integration provisions it. */
export function currentUser(context: SearchContext) {
  const { r } = context;
  return template<Scope & Pick<UserInput, 'id'>, ResourceRow & { readonly isLinked: boolean }>(
    compose,
    ({ tenant, integrationId, id }) => sql`
      SELECT ${resourceColumns(context)},
        EXISTS (
          SELECT 1
          FROM ${l.table}
          WHERE ${l.tenant} = ${tenant}
            AND ${l.resourceId} = ${id}
            AND ${l.integrationId} = ${integrationId}
        ) AS "isLinked"
      FROM ${r.table}
      WHERE ${r.tenant} = ${tenant} AND ${r.id} = ${id}
    `,
  );
}

export class UserStatements {
  readonly #activity: ActivityLog;
  readonly #changes = new Map<string, Template<UserChangeInput, WrittenUser>>();

  constructor(activity: ActivityLog) {
    this.#activity = activity;
  }

  /**
   * Writes the parts that differ, if the version is still the one that was read. Returns a row in
   * that case.
   */
  change(
    input: UserChangeInput,
    { isRenamed, isLinked }: { readonly isRenamed: boolean; readonly isLinked: boolean },
  ): Template<UserChangeInput, WrittenUser> {
    const parts = {
      renamed: isRenamed,
      link: !isLinked,
      removed: input.removed.length > 0,
      written: input.written.length > 0,
      counted: input.counts.length > 0,
    };
    const key = Object.values(parts).join();
    const known = this.#changes.get(key);
    if (known !== undefined) return known;
    const made = template<UserChangeInput, WrittenUser>(compose, (slots) =>
      changeStatement(slots, parts, this.#activity),
    );
    this.#changes.set(key, made);
    return made;
  }
}

function changeStatement(
  input: Slots<UserChangeInput>,
  parts: Readonly<Record<'renamed' | 'link' | 'removed' | 'written' | 'counted', boolean>>,
  activity: ActivityLog,
): SQL<WrittenUser> {
  const { tenant, integrationId, id, userId, key, active, version, at } = input;
  const { json, document, externalId } = input;
  const name = sql`${a.userId} = ${userId}, ${a.userNameKey} = ${key},`;
  const counts = sql`, ${counted(input)}`;
  const lookup = sql`
    , lookup AS (
      INSERT INTO ${VALUES.table} (${VALUE})
      SELECT ${tenant}, n.value, ${id}, n.path
      FROM ${WRITTEN}
      WHERE ${IF_WRITTEN}
      ON CONFLICT (${VALUE_KEY})
      DO UPDATE SET ${VALUES.path} = ${named(accessValues, 'excluded').path}
    )
  `;
  const gone = sql`, gone AS (${removedValues(tenant, id, array(input.removed))})`;
  const linked = sql`
    SELECT ${tenant}, ${integrationId}, ${id}, 'User', ${externalId}::text WHERE ${IF_WRITTEN}
  `;
  const link = sql`, link AS (${putLinks(linked)})`;
  return sql`
    WITH resource AS (
      UPDATE ${a.table}
      SET ${parts.renamed ? name : sql``} ${a.active} = ${active},
        ${a.document} = ${document}::jsonb, ${a.attributes} = ${json}::json,
        ${a.version} = ${a.version} + 1, ${a.lastModified} = greatest(${a.lastModified}, ${at})
      WHERE ${a.tenant} = ${tenant} AND ${a.id} = ${id} AND ${a.version} = ${version}
      RETURNING ${a.version}, ${a.lastModified}
    )
    ${parts.counted ? counts : sql``}
    ${parts.written ? lookup : sql``}
    ${parts.removed ? gone : sql``}
    ${parts.link ? link : sql``}
    ${activity.slots(sql`WHERE ${IF_WRITTEN}`)}
    SELECT ${a.version}, ${a.lastModified} AS "lastModified" FROM resource
  `;
}

function counted({ tenant, slot }: Slots<UserInput>): SQL {
  const names = new Slot('counts', (counts) =>
    (counts as readonly CounterChange[]).map((n) => n.name),
  );
  const by = new Slot('counts', (counts) =>
    (counts as readonly CounterChange[]).map((n) => String(n.by)),
  );
  const added = addedToCounters(sql`
    SELECT ${tenant}, n.name, ${slot}::integer, n.by
    FROM unnest(${array(names)}, ${by}::bigint[]) AS n(name, by)
    WHERE ${IF_WRITTEN}
  `);
  return sql`counted AS (${added})`;
}
