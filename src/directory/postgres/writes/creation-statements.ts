/**
 * The statements that create users of a tenant, composed once: as many at once as there are. Of the
 * second one, `resource` is the first part: what it doesn't write, no other part writes. The parts
 * after it are executed from the last to the first, so nobody waits for the counters longer than for
 * the commit.
 */
import { sql } from 'drizzle-orm';
import type { ActivityRow } from '../../sql/log/rows.ts';
import type { LookupValue } from '../../sql/lookup-values.ts';
import { columns, named } from '../../sql/names.ts';
import { INACTIVE_USERS, TOTALS, USER_COLUMNS } from '../../sql/resource-key.ts';
import { Slot, type Slots, type Template, template } from '../../sql/template.ts';
import { compose } from '../connection/connections.ts';
import { array } from '../dialect.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import { access, accessValues, externalIds, users } from '../schema.ts';
import { addedToCounters, LINK, VALUE } from './dependents.ts';

const a = named(access);
const INSERTED = columns(a, ...USER_COLUMNS);
const KEY = columns(a, 'tenant', 'userNameKey');
const GLOBAL = named(users);
const GLOBAL_USER = columns(GLOBAL, 'id', 'userNameKey', 'created');
const LINKS = named(externalIds);
const VALUES = named(accessValues);

/** A person, who may have access to many tenants. */
export interface GlobalPerson {
  readonly userId: string;
  readonly key: string;
}

export interface Creation extends GlobalPerson {
  readonly id: string;
  readonly integrationId: string;
  /** The attributes, and their search document, as JSON. */
  readonly json: string;
  readonly document: string;
  readonly active: boolean;
  readonly externalId: string | null;
  readonly written: readonly LookupValue[];
  readonly at: number;
  readonly entry: ActivityRow | undefined;
}

/**
 * Adds persons, unless known. It is a transaction of its own, because this table doesn't belong to a
 * tenant. Its commit isn't waited for: that of the users, which follows, makes both durable.
 */
export const ADD_PERSONS = template(
  compose,
  ({ at }: Slots<{ persons: readonly GlobalPerson[]; at: number }>) => {
    const each = (key: keyof GlobalPerson) =>
      array(
        new Slot('persons', (persons) => (persons as readonly GlobalPerson[]).map((p) => p[key])),
      );
    return sql`
      INSERT INTO ${GLOBAL.table} (${GLOBAL_USER})
      SELECT n.id, n.key, ${at}::bigint
      FROM (SELECT set_config('synchronous_commit', 'off', TRUE)) AS setting,
        unnest(${each('userId')}, ${each('key')}) AS n(id, key)
      ON CONFLICT DO NOTHING
    `;
  },
);

interface CreationInput {
  readonly tenant: string;
  /** In the order of their keys, so that no two such statements wait for each other. */
  readonly creations: readonly Creation[];
  /** Of the counters. */
  readonly slot: number;
}

/** Selects the ids of those who were created: the tenant had no user with their key. */
export function createStatement(activity: ActivityLog): Template<CreationInput, { id: string }> {
  return template(compose, ({ tenant, slot }: Slots<CreationInput>) => {
    const created = sql`(SELECT id FROM resource)`;
    const counts = sql`
      SELECT ${tenant}, n.name, ${slot}::integer, n.by
      FROM (
        SELECT '${sql.raw(INACTIVE_USERS)}', count(*) FROM resource WHERE NOT resource.active
        UNION ALL
        SELECT '${sql.raw(TOTALS.User)}', count(*) FROM resource
      ) AS n(name, by)
      WHERE n.by > 0
    `;
    return sql`
      WITH resource AS (
        INSERT INTO ${a.table} (${INSERTED})
        SELECT ${tenant}, n.id, n.user_id, n.key, n.active, n.document::jsonb, n.json::json, 1,
          n.at, n.at
        FROM unnest(
          ${ID}, ${texts((c) => c.userId)}, ${texts((c) => c.key)},
          ${of((c) => c.active)}::boolean[], ${texts((c) => c.document)},
          ${texts((c) => c.json)}, ${of((c) => c.at)}::bigint[]
        ) AS n(id, user_id, key, active, document, json, at)
        ON CONFLICT (${KEY}) DO NOTHING
        RETURNING ${a.id}, ${a.active}
      ),
      counted AS (${addedToCounters(counts)}),
      lookup AS (
        INSERT INTO ${VALUES.table} (${VALUE})
        SELECT ${tenant}, n.value, n.id, n.types
        FROM unnest(
          ${written((value) => value.value)}, ${written((_, c) => c.id)},
          ${written((value) => value.types)}
        ) AS n(value, id, types)
        WHERE n.id IN ${created}
      ),
      link AS (
        INSERT INTO ${LINKS.table} (${LINK})
        SELECT ${tenant}, n.integration_id, n.id, 'User', n.external_id
        FROM unnest(
          ${texts((c) => c.integrationId)}, ${ID}, ${texts((c) => c.externalId)}
        ) AS n(integration_id, id, external_id)
        WHERE n.id IN ${created}
      )
      ${activity.each('creations', ({ entry }: Creation) => entry, sql`WHERE e.resource_id IN ${created}`)}
      SELECT id FROM resource
    `;
  });
}

type Each<T> = (creation: Creation) => T;

const of = (each: Each<unknown>) =>
  new Slot('creations', (creations) => (creations as readonly Creation[]).map(each));
const texts = (each: Each<string | null>) => array(of(each));
const ID = texts(({ id }) => id);
const written = (pick: (value: LookupValue, creation: Creation) => string) =>
  array(
    new Slot('creations', (creations) =>
      (creations as readonly Creation[]).flatMap((creation) =>
        creation.written.map((value) => pick(value, creation)),
      ),
    ),
  );
