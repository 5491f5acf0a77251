/**
 * What users and groups have in common on PostgreSQL: reading rows and lists, and the parts of a
 * write outside the row.
 */
import { type SQL, sql } from 'drizzle-orm';
import { notFound } from '../../scim/error.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceType } from '../../scim/schema.ts';
import { listStatements, pageOf, type ResourceRow, recordOf } from '../sql/lists.ts';
import type { Related } from '../sql/related.ts';
import { PLACES, type ResourceName } from '../sql/resource-key.ts';
import { lookupValues, searchDocument } from '../sql/search-document.ts';
import type { Page, Query, Scope, StoredResource } from '../store/resources.ts';
import type { Queries } from './connection/connections.ts';
import { array, postgresDialect } from './dialect.ts';

/** Parallel writers of a tenant rarely meet in one of so many. */
const COUNTER_SLOTS = 16;

export class ResourceTable {
  readonly name: ResourceName;
  readonly #type: ResourceType;

  constructor(name: ResourceName, type: ResourceType) {
    this.name = name;
    this.#type = type;
  }

  async get(
    queries: Queries,
    { tenant, integrationId }: Scope,
    id: string,
  ): Promise<StoredResource | undefined> {
    const [row] = await queries.all<ResourceRow>(
      sql`
        SELECT r.id, r.attributes, r.version, r.created, r.last_modified AS "lastModified",
          l.external_id AS "externalId"
        FROM ${PLACES[this.name].table} r
        LEFT JOIN external_ids l ON l.tenant = r.tenant
          AND l.resource_id = r.id
          AND l.integration_id = ${integrationId}
        WHERE r.tenant = ${tenant} AND r.id = ${id}
      `,
    );
    return row && recordOf(row);
  }

  /** Throws notFound. */
  async require(queries: Queries, scope: Scope, id: string): Promise<StoredResource> {
    const record = await this.get(queries, scope, id);
    if (record === undefined) throw notFound(this.name, id);
    return record;
  }

  /** Locks the row until the transaction ends; what is read next is current. Throws notFound. */
  async lock(queries: Queries, tenant: string, id: string, strength: SQL): Promise<void> {
    const rows = await queries.all(
      sql`
        SELECT 1 FROM ${PLACES[this.name].table} WHERE tenant = ${tenant} AND id = ${id} ${strength}
      `,
    );
    if (rows.length === 0) throw notFound(this.name, id);
  }

  async list(queries: Queries, scope: Scope, query: Query): Promise<Page<StoredResource>> {
    const statements = listStatements(
      { dialect: postgresDialect, scope, type: this.#type, ...PLACES[this.name] },
      query,
    );
    const [counted] = await queries.all<{ total: number }>(statements.total);
    const total = counted?.total ?? 0;
    const page = statements.page(total);
    return pageOf(page ? await queries.all<ResourceRow>(page) : [], query, total);
  }

  /**
   * Parts of a statement `WITH resource AS (…)`, which answers the id of the row that was inserted
   * or changed, if any.
   */
  written({ tenant, integrationId }: Scope, profile: Attributes, externalId: string | null): SQL {
    const document = searchDocument(profile, this.#type);
    const link = sql`
      link AS (
        INSERT INTO external_ids (tenant, integration_id, resource_id, resource_type, external_id)
        SELECT ${tenant}, ${integrationId}, id, ${this.name}, ${externalId}::text
        FROM resource
        ON CONFLICT (tenant, resource_id, integration_id)
        DO UPDATE SET external_id = excluded.external_id
      )
    `;
    const put = sql`
      document AS (
        INSERT INTO search_documents (tenant, id, document)
        SELECT ${tenant}, id, ${JSON.stringify(document)}::jsonb
        FROM resource
        ON CONFLICT (tenant, id)
        DO UPDATE SET document = excluded.document
      )
    `;
    if (this.name === 'Group') return sql`${link}, ${put}`;
    const values = lookupValues(document);
    const given = sql`
      unnest(
        ${array(values.map(({ path }) => path))}, ${array(values.map(({ value }) => value))}
      ) AS n(path, value)
    `;
    const gone = sql`
      gone AS (
        DELETE FROM access_values v
        USING resource
        WHERE v.tenant = ${tenant}
          AND v.access_id = resource.id
          AND NOT EXISTS (SELECT 1 FROM ${given} WHERE n.path = v.path AND n.value = v.value)
      )
    `;
    const lookup = sql`
      lookup AS (
        INSERT INTO access_values (tenant, path, value, access_id)
        SELECT ${tenant}, n.path, n.value, resource.id
        FROM resource
        CROSS JOIN ${given}
        ON CONFLICT DO NOTHING
      )
    `;
    return sql`${link}, ${put}, ${gone}, ${lookup}`;
  }

  /** A part that counts one resource more, or less; or another counter up. */
  counted(tenant: string, by: 1 | -1, counter: string = PLACES[this.name].counter): SQL {
    const slot = Math.floor(Math.random() * COUNTER_SLOTS);
    return sql`
      counted AS (
        INSERT INTO counters AS c (tenant, name, slot, value)
        SELECT ${tenant}, ${counter}, ${slot}::integer, ${by}::bigint
        FROM resource
        ON CONFLICT (tenant, name, slot)
        DO UPDATE SET value = c.value + excluded.value
      )
    `;
  }

  /** Parts that remove what belongs to the resource outside its row. */
  forgotten(tenant: string): SQL {
    const from = (table: string, column: string) =>
      sql.raw(
        `DELETE FROM ${table} USING resource WHERE ${table}.${column} = resource.id AND tenant`,
      );
    const parts = [
      sql`document AS (${from('search_documents', 'id')} = ${tenant})`,
      sql`links AS (${from('external_ids', 'resource_id')} = ${tenant})`,
      ...(this.name === 'User'
        ? [sql`lookup AS (${from('access_values', 'access_id')} = ${tenant})`]
        : []),
      this.counted(tenant, -1),
    ];
    return sql.join(parts, sql`, `);
  }

  /** Notes that the integration provisions the resource, while it is there. */
  async link(queries: Queries, { tenant, integrationId }: Scope, id: string): Promise<void> {
    await queries.run(
      sql`
        INSERT INTO external_ids (tenant, integration_id, resource_id, resource_type, external_id)
        SELECT tenant, ${integrationId}, id, ${this.name}, NULL
        FROM ${PLACES[this.name].table}
        WHERE tenant = ${tenant} AND id = ${id}
        FOR KEY SHARE
        ON CONFLICT DO NOTHING
      `,
    );
  }
}

/** Reading records, with what is related to them where it is asked for. */
export function readsOf<Row, R extends StoredResource>(
  queries: Queries,
  table: ResourceTable,
  related: Related<Row, R>,
) {
  const withRelated = async ({ tenant }: Scope, records: readonly StoredResource[]) => {
    const ids = records.map(({ id }) => id);
    const statement = related.select(postgresDialect, tenant, ids);
    return related.attach(records, await queries.all<Row>(statement));
  };
  return {
    get: async (
      scope: Scope,
      id: string,
      wanted: boolean,
    ): Promise<R | StoredResource | undefined> => {
      const record = await table.get(queries, scope, id);
      return record && wanted ? (await withRelated(scope, [record]))[0] : record;
    },
    list: async (scope: Scope, query: Query): Promise<Page<R | StoredResource>> => {
      const page = await table.list(queries, scope, query);
      return query.related ? { ...page, records: await withRelated(scope, page.records) } : page;
    },
  };
}
