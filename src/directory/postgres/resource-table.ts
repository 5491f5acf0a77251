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
import { type Names, named } from '../sql/names.ts';
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
import { externalIds } from './schema.ts';
import {
  addedToCounters,
  counterSlot,
  LINK,
  putLinks,
  removedValues,
} from './writes/dependents.ts';

const LINKS = named(externalIds);
const l = named(externalIds, 'l');

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
    const [row] = await queries.all(this.#get, { tenant, integrationId, id, related: false });
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
    const link = sql`
      SELECT ${tenant}, ${integrationId}, ${id}, ${this.name}, ${externalId}::text FROM resource
    `;
    return sql`link AS (${putLinks(link)})`;
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
    return addedToCounters(sql`
      SELECT ${tenant}, ${counter}, ${counterSlot()}::integer, ${by} FROM resource
    `);
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
    const { removed } = lookupChange(current, undefined);
    const parts = [
      sql`links AS (${from(l, l.resourceId)})`,
      ...(removed.length === 0
        ? []
        : [sql`gone AS (${removedValues(tenant, id, array(removed))})`]),
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
