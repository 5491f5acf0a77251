/** What users and groups have in common: rows with attributes, externalIds, search documents, counters and lists. */
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { notFound } from '../../scim/error.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceType } from '../../scim/schema.ts';
import { conditionCompiler } from '../condition-sql.ts';
import { resourceHolder, sortExpression } from '../resource-conditions.ts';
import type { SearchContext } from '../search-context.ts';
import { lookupValues, searchDocument } from '../search-document.ts';
import type { Page, Query, Scope, StoredResource } from '../store.ts';
import { type Connection, type Connections, parameter } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { KEY_ATTRIBUTE, type ResourceName } from './resource-key.ts';
import { access, accessValues, counters, externalIds, groups, searchDocuments } from './schema.ts';

interface Row {
  readonly id: string;
  readonly attributes: Attributes;
  readonly version: number;
  readonly created: number;
  readonly lastModified: number;
  readonly externalId: string | null;
}

const PLACES = {
  User: {
    table: sql.raw('access'),
    key: { attribute: KEY_ATTRIBUTE.User, column: 'user_name_key' },
  },
  Group: {
    table: sql.raw('groups'),
    key: { attribute: KEY_ATTRIBUTE.Group, column: 'display_name_key' },
  },
};

export class ResourceTable {
  readonly #connection: Connection;
  readonly #name: ResourceName;
  readonly #type: ResourceType;
  readonly #statements;

  constructor(connection: Connection, name: ResourceName, type: ResourceType) {
    this.#connection = connection;
    this.#name = name;
    this.#type = type;
    this.#statements = prepareStatements(connection, name);
  }

  get({ tenant, integrationId }: Scope, id: string): StoredResource | undefined {
    const row = this.#statements.get.get({ tenant, integrationId, id });
    return row && toRecord(row);
  }

  /** Throws notFound. */
  require(scope: Scope, id: string): StoredResource {
    const record = this.get(scope, id);
    if (record === undefined) throw notFound(this.#name, id);
    return record;
  }

  list(scope: Scope, query: Query): Page<StoredResource> {
    const context: SearchContext = {
      dialect: sqliteDialect,
      scope,
      type: this.#type,
      ...PLACES[this.#name],
    };
    const condition =
      query.filter && conditionCompiler(sqliteDialect)(query.filter, resourceHolder(context));
    const total =
      condition === undefined ? this.#count(scope.tenant) : this.#countWhere(scope, condition);
    const records =
      query.limit > 0 && total > query.offset ? this.#page(context, query, condition) : [];
    return { total, records };
  }

  #page(context: SearchContext, query: Query, condition: SQL | undefined): StoredResource[] {
    const { tenant, integrationId } = context.scope;
    const sort = query.sort && sortExpression(query.sort, context);
    const direction = sql.raw(query.sort?.descending ? 'DESC' : 'ASC');
    const nulls = sql.raw(query.sort?.descending ? 'NULLS FIRST' : 'NULLS LAST');
    const order =
      sort === undefined ? sql`r.id` : sql`${sort} ${direction} ${nulls}, r.id ${direction}`;
    const rows = this.#connection.all<Omit<Row, 'attributes'> & { attributes: string }>(
      sql`SELECT r.id, r.attributes, r.version, r.created, r.last_modified AS lastModified, l.external_id AS externalId FROM ${this.#from(sql`${condition ?? sql``}${order}`)} LEFT JOIN external_ids l ON l.tenant = r.tenant AND l.resource_id = r.id AND l.integration_id = ${integrationId} WHERE ${where(tenant, condition)} ORDER BY ${order} LIMIT ${query.limit} OFFSET ${query.offset}`,
    );
    return rows.map((row) => toRecord({ ...row, attributes: JSON.parse(row.attributes) }));
  }

  #countWhere({ tenant }: Scope, condition: SQL): number {
    const [row] = this.#connection.all<{ total: number }>(
      sql`SELECT count(*) AS total FROM ${this.#from(condition)} WHERE ${where(tenant, condition)}`,
    );
    return row?.total ?? 0;
  }

  /** The search documents are joined only where they are asked. */
  #from(asked: SQL): SQL {
    const table = sql.raw(this.#name === 'User' ? 'access r' : 'groups r');
    const join = mentionsDocument(asked)
      ? sql` CROSS JOIN search_documents d ON d.tenant = r.tenant AND d.id = r.id`
      : sql``;
    return sql`${table}${join}`;
  }

  #count(tenant: string): number {
    return this.#statements.count.get({ tenant })?.value ?? 0;
  }

  addToCount(tenant: string, by: number): void {
    this.#statements.addToCount.run({ tenant, by });
  }

  /** Notes that the integration provisions the resource. */
  link({ tenant, integrationId }: Scope, id: string): void {
    this.#statements.link.run({ tenant, integrationId, id });
  }

  setExternalId({ tenant, integrationId }: Scope, id: string, externalId: string | null): void {
    this.#statements.setExternalId.run({ tenant, integrationId, id, externalId });
  }

  index(tenant: string, id: string, attributes: Attributes): void {
    const document = searchDocument(attributes, this.#type);
    this.#statements.putDocument.run({ tenant, id, document: JSON.stringify(document) });
    if (this.#name !== 'User') return;
    this.#statements.deleteValues.run({ tenant, id });
    for (const { path, value } of lookupValues(document)) {
      this.#statements.addValue.run({ tenant, id, path, value });
    }
  }

  /** Removes what belongs to the resource outside its row. */
  forget(tenant: string, id: string): void {
    this.#statements.deleteDocument.run({ tenant, id });
    this.#statements.deleteLinks.run({ tenant, id });
    if (this.#name === 'User') this.#statements.deleteValues.run({ tenant, id });
    this.addToCount(tenant, -1);
  }
}

/** Reading records, with what is related to them where it is asked for. */
export function readsOf<R extends StoredResource>(
  reading: Connections['reading'],
  table: ResourceTable,
  withRelated: (scope: Scope, records: readonly StoredResource[]) => R[],
) {
  return {
    get: (scope: Scope, id: string, related: boolean): Promise<R | StoredResource | undefined> =>
      reading(() => {
        const record = table.get(scope, id);
        return record && related ? withRelated(scope, [record])[0] : record;
      }),
    list: (scope: Scope, query: Query): Promise<Page<R | StoredResource>> =>
      reading(() => {
        const page = table.list(scope, query);
        return query.related ? { ...page, records: withRelated(scope, page.records) } : page;
      }),
  };
}

function toRecord({ externalId, attributes, ...row }: Row): StoredResource {
  return { ...row, attributes: externalId === null ? attributes : { externalId, ...attributes } };
}

function where(tenant: string, condition: SQL | undefined): SQL {
  return condition === undefined
    ? sql`r.tenant = ${tenant}`
    : sql`r.tenant = ${tenant} AND ${condition}`;
}

function mentionsDocument(asked: SQL): boolean {
  return asked.queryChunks.some((chunk) => {
    if (typeof chunk !== 'object' || chunk === null) return false;
    if ('queryChunks' in chunk) return mentionsDocument(chunk as SQL);
    return (
      'value' in chunk && Array.isArray(chunk.value) && chunk.value.join('').includes('d.document')
    );
  });
}

function prepareStatements({ orm }: Connection, name: ResourceName) {
  const table = name === 'User' ? access : groups;
  const counter = name === 'User' ? 'users' : 'groups';
  const [tenant, id] = [sql.placeholder('tenant'), sql.placeholder('id')];
  const integrationId = sql.placeholder('integrationId');
  const externalId = sql.placeholder('externalId');
  const link = { tenant, integrationId, resourceId: id, resourceType: name };
  return {
    get: orm
      .select({
        id: table.id,
        attributes: table.attributes,
        version: table.version,
        created: table.created,
        lastModified: table.lastModified,
        externalId: externalIds.externalId,
      })
      .from(table)
      .leftJoin(
        externalIds,
        and(
          eq(externalIds.tenant, table.tenant),
          eq(externalIds.resourceId, table.id),
          eq(externalIds.integrationId, parameter('integrationId')),
        ),
      )
      .where(and(eq(table.tenant, parameter('tenant')), eq(table.id, parameter('id'))))
      .prepare(),
    count: orm
      .select({ value: counters.value })
      .from(counters)
      .where(and(eq(counters.tenant, parameter('tenant')), eq(counters.name, sql`+${counter}`)))
      .prepare(),
    addToCount: orm
      .insert(counters)
      .values({ tenant, name: counter, value: sql`${sql.placeholder('by')}` })
      .onConflictDoUpdate({
        target: [counters.tenant, counters.name],
        set: { value: sql`${counters.value} + ${sql.placeholder('by')}` },
      })
      .prepare(),
    link: orm
      .insert(externalIds)
      .values({ ...link, externalId: null })
      .onConflictDoNothing()
      .prepare(),
    setExternalId: orm
      .insert(externalIds)
      .values({ ...link, externalId })
      .onConflictDoUpdate({
        target: [externalIds.tenant, externalIds.resourceId, externalIds.integrationId],
        set: { externalId: sql`excluded.external_id` },
      })
      .prepare(),
    putDocument: orm
      .insert(searchDocuments)
      .values({ tenant, id, document: sql`jsonb(${sql.placeholder('document')})` })
      .onConflictDoUpdate({
        target: [searchDocuments.tenant, searchDocuments.id],
        set: { document: sql`excluded.document` },
      })
      .prepare(),
    deleteDocument: orm
      .delete(searchDocuments)
      .where(
        and(
          eq(searchDocuments.tenant, parameter('tenant')),
          eq(searchDocuments.id, parameter('id')),
        ),
      )
      .prepare(),
    deleteLinks: orm
      .delete(externalIds)
      .where(
        and(
          eq(externalIds.tenant, parameter('tenant')),
          eq(externalIds.resourceId, parameter('id')),
        ),
      )
      .prepare(),
    addValue: orm
      .insert(accessValues)
      .values({
        tenant,
        accessId: id,
        path: sql.placeholder('path'),
        value: sql.placeholder('value'),
      })
      .prepare(),
    deleteValues: orm
      .delete(accessValues)
      .where(
        and(
          eq(accessValues.tenant, parameter('tenant')),
          eq(accessValues.accessId, parameter('id')),
        ),
      )
      .prepare(),
  };
}
