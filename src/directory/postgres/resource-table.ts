/**
 * What users and groups have in common on PostgreSQL: reading rows and lists, and the parts of a
 * write outside the row.
 */
import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import { notFound } from '../../scim/error.ts';
import type { StoredProfile } from '../../scim/profile.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceType } from '../../scim/schema.ts';
import { resourceOf } from '../sql/lists.ts';
import { lookupChange } from '../sql/lookup-values.ts';
import { columns, type Names, named } from '../sql/names.ts';
import {
  INACTIVE_USERS,
  type ResourceName,
  resourceNames,
  searchContext,
  TOTALS,
} from '../sql/resource-key.ts';
import { getStatement } from '../sql/search/resource-statements.ts';
import type { Scope, StoredResource } from '../store/resources.ts';
import { compose, type Queries } from './connection/connections.ts';
import { array, postgresDialect } from './dialect.ts';
import { accessValues, counters, externalIds } from './schema.ts';

const COUNTER_SLOTS = 16;
/** With so many slots, parallel writers of a tenant rarely meet in one. */
export const counterSlot = (): number => Math.floor(Math.random() * COUNTER_SLOTS);

const LINKS = named(externalIds);
const LINK = columns(LINKS, 'tenant', 'integrationId', 'resourceId', 'resourceType', 'externalId');
const LINK_KEY = columns(LINKS, 'tenant', 'resourceId', 'integrationId');
const l = named(externalIds, 'l');
const v = named(accessValues, 'v');
const COUNTERS = named(counters);
const COUNTER = columns(COUNTERS, 'tenant', 'name', 'slot', 'value');
const COUNTER_KEY = columns(COUNTERS, 'tenant', 'name', 'slot');
const c = named(counters, 'c');

export class ResourceTable {
  readonly name: ResourceName;
  readonly #row;
  readonly #get;

  constructor(name: ResourceName, type: ResourceType) {
    this.name = name;
    this.#row = resourceNames(postgresDialect.tables, name);
    this.#get = getStatement(searchContext(postgresDialect, name, type), compose);
  }

  async get(
    queries: Queries,
    { tenant, integrationId }: Scope,
    id: string,
  ): Promise<StoredResource | undefined> {
    const [row] = await queries.all(this.#get, { tenant, integrationId, id });
    return row && resourceOf(row);
  }

  /** Throws notFound. */
  async require(queries: Queries, scope: Scope, id: string): Promise<StoredResource> {
    const record = await this.get(queries, scope, id);
    if (record === undefined) throw notFound(this.name, id);
    return record;
  }

  /**
   * Locks the row until the transaction ends, so that the next read is current. Throws notFound.
   */
  async lock(queries: Queries, tenant: string, id: string, strength: SQL): Promise<void> {
    const row = this.#row;
    const rows = await queries.all(
      sql`
        SELECT 1 FROM ${row.table} WHERE ${row.tenant} = ${tenant} AND ${row.id} = ${id} ${strength}
      `,
    );
    if (rows.length === 0) throw notFound(this.name, id);
  }

  /**
   * A part of a statement `WITH resource AS (…)`, in which `resource` returns the id of the group
   * that was inserted or changed, if any.
   */
  written({ tenant, integrationId }: Scope, { externalId }: StoredProfile): SQL {
    const { id } = this.#row;
    return sql`
      link AS (
        INSERT INTO ${LINKS.table} (${LINK})
        SELECT ${tenant}, ${integrationId}, ${id}, ${this.name}, ${externalId}::text
        FROM resource
        ON CONFLICT (${LINK_KEY})
        DO UPDATE SET ${LINKS.externalId} = ${named(externalIds, 'excluded').externalId}
      )
    `;
  }

  /**
   * A part that removes values of a user, the `resource`. The id is given, so that the whole key
   * leads to each row: many users may share a value.
   */
  #goneValues(tenant: string, id: string, values: readonly string[]): SQL {
    return sql`
      gone AS (
        DELETE FROM ${v.table}
        USING resource, unnest(${array(values)}) AS n(value)
        WHERE ${v.tenant} = ${tenant}
          AND ${v.value} = n.value
          AND ${v.accessId} = ${id}
      )
    `;
  }

  /** A part that changes the total of the resources. */
  counted(tenant: string, by: 1 | -1): SQL {
    return sql`counted AS (${this.#addedTo(tenant, TOTALS[this.name], sql`${by}::bigint`)})`;
  }

  /** A part that changes the number of inactive users. */
  countedInactive(tenant: string, by: SQL): SQL {
    const added = this.#addedTo(tenant, INACTIVE_USERS, by);
    return sql`counted_inactive AS (${added})`;
  }

  #addedTo(tenant: string, counter: string, by: SQL): SQL {
    return sql`
      INSERT INTO ${COUNTERS.table} AS c (${COUNTER})
      SELECT ${tenant}, ${counter}, ${counterSlot()}::integer, n.by
      FROM (SELECT ${by} AS by FROM resource) AS n
      WHERE n.by <> 0
      ON CONFLICT (${COUNTER_KEY})
      DO UPDATE SET ${COUNTERS.value} = ${c.value} + ${named(counters, 'excluded').value}
    `;
  }

  /** Deletes the row and returns its id: the `resource` of a statement with `forgotten`. */
  deleted(tenant: string, id: string): SQL {
    const row = this.#row;
    return sql`
      DELETE FROM ${row.table}
      WHERE ${row.tenant} = ${tenant} AND ${row.id} = ${id}
      RETURNING ${row.id}
    `;
  }

  /**
   * Parts that remove everything that belongs to the resource outside its row. The values of a user
   * follow from the current attributes.
   */
  forgotten(tenant: string, id: string, current?: Attributes): SQL {
    const from = (names: Names<'tenant'>, key: StringChunk) =>
      sql`
        DELETE FROM ${names.table}
        USING resource
        WHERE ${names.tenant} = ${tenant} AND ${key} = resource.id
      `;
    const parts = [
      sql`links AS (${from(l, l.resourceId)})`,
      ...(current === undefined
        ? []
        : [this.#goneValues(tenant, id, lookupChange(current, undefined).removed)]),
      this.counted(tenant, -1),
    ];
    return sql.join(parts, sql`, `);
  }

  /** Notes that the integration provisions the resource, if it exists. */
  async link(queries: Queries, { tenant, integrationId }: Scope, id: string): Promise<void> {
    const row = this.#row;
    await queries.run(
      sql`
        INSERT INTO ${LINKS.table} (${LINK})
        SELECT ${row.tenant}, ${integrationId}, ${row.id}, ${this.name}, NULL
        FROM ${row.table}
        WHERE ${row.tenant} = ${tenant} AND ${row.id} = ${id}
        FOR KEY SHARE
        ON CONFLICT DO NOTHING
      `,
    );
  }
}
