/**
 * What users and groups have in common on SQLite: rows with attributes, externalIds, search
 * documents, counters and lists.
 */
import { and, eq, sql } from 'drizzle-orm';
import { notFound } from '../../scim/error.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceType } from '../../scim/schema.ts';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import { resourceOf } from '../sql/lists.ts';
import { lookupChange } from '../sql/lookup-values.ts';
import { columns, named } from '../sql/names.ts';
import { INACTIVE_USERS, type ResourceName, searchContext, TOTALS } from '../sql/resource-key.ts';
import { getStatement } from '../sql/search/resource-statements.ts';
import { searchDocument } from '../sql/search-document.ts';
import type { Scope, StoredResource } from '../store/resources.ts';
import { compose, parameter, type SqliteConnection } from './connections.ts';
import { sqliteDialect } from './dialect.ts';
import { accessValues, counters, externalIds, searchDocuments } from './schema.ts';

const VALUES = named(accessValues);
const VALUE = columns(VALUES, 'tenant', 'active', 'isUserName', 'value', 'accessId', 'path');

export class ResourceTable {
  readonly connection: SqliteConnection;
  readonly #name: ResourceName;
  readonly #type: ResourceType;
  readonly #get;
  readonly #statements;

  constructor(connection: SqliteConnection, name: ResourceName, type: ResourceType) {
    this.connection = connection;
    this.#name = name;
    this.#type = type;
    this.#get = getStatement(searchContext(sqliteDialect, name, type), compose);
    this.#statements = prepareStatements(connection, name);
  }

  get({ tenant, integrationId }: Scope, id: string): StoredResource | undefined {
    const row = this.connection.get(this.#get, { tenant, integrationId, id });
    return row && resourceOf(row);
  }

  /** Throws notFound. */
  require(scope: Scope, id: string): StoredResource {
    const record = this.get(scope, id);
    if (record === undefined) throw notFound(this.#name, id);
    return record;
  }

  addToCount(tenant: string, by: number): void {
    this.#statements.addToCount.run({ tenant, by, counter: TOTALS[this.#name] });
  }

  /** Changes the number of inactive users. */
  addInactive(tenant: string, by: number): void {
    if (by !== 0) this.#statements.addToCount.run({ tenant, by, counter: INACTIVE_USERS });
  }

  /** Makes those who follow a group of the tenant read its members again. */
  noteUserChange(tenant: string): void {
    this.#statements.addToCount.run({ tenant, by: 1, counter: USER_CHANGES });
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
  }

  /** Makes a user's values those of the next attributes; without them, the user has no more. */
  indexValues(
    tenant: string,
    id: string,
    current: Attributes | undefined,
    next: Attributes | undefined,
  ): void {
    const { removed, written } = lookupChange(current, next);
    for (const { active, isUserName, value } of removed) {
      const [first, second] = [Number(active), Number(isUserName)];
      this.#statements.deleteValue.run({ tenant, id, active: first, isUserName: second, value });
    }
    if (written.length === 0) return;
    // All in one statement, because each has a price.
    const rows = written.map(({ active, isUserName, value, path }) => [
      Number(active),
      Number(isUserName),
      value,
      path,
    ]);
    this.connection.run(
      sql`
        INSERT INTO ${VALUES.table} (${VALUE})
        SELECT ${tenant}, value ->> 0, value ->> 1, value ->> 2, ${id}, value ->> 3
        FROM json_each(${JSON.stringify(rows)})
        WHERE TRUE
        ON CONFLICT DO UPDATE SET ${VALUES.path} = ${named(accessValues, 'excluded').path}
      `,
    );
  }

  /** Removes everything that belongs to the resource outside its row. */
  forget(tenant: string, id: string): void {
    this.#statements.deleteDocument.run({ tenant, id });
    this.#statements.deleteLinks.run({ tenant, id });
    this.addToCount(tenant, -1);
  }
}

function prepareStatements({ orm }: SqliteConnection, name: ResourceName) {
  const [tenant, id] = [sql.placeholder('tenant'), sql.placeholder('id')];
  const integrationId = sql.placeholder('integrationId');
  const externalId = sql.placeholder('externalId');
  const link = { tenant, integrationId, resourceId: id, resourceType: name };
  return {
    addToCount: orm
      .insert(counters)
      .values({
        tenant,
        name: sql.placeholder('counter'),
        slot: 0,
        value: sql`${sql.placeholder('by')}`,
      })
      .onConflictDoUpdate({
        target: [counters.tenant, counters.name, counters.slot],
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
        set: { externalId: sql`${named(externalIds, 'excluded').externalId}` },
      })
      .prepare(),
    putDocument: orm
      .insert(searchDocuments)
      .values({ tenant, id, document: sql`jsonb(${sql.placeholder('document')})` })
      .onConflictDoUpdate({
        target: [searchDocuments.tenant, searchDocuments.id],
        set: { document: sql`${named(searchDocuments, 'excluded').document}` },
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
    deleteValue: orm
      .delete(accessValues)
      .where(
        and(
          eq(accessValues.tenant, parameter('tenant')),
          eq(accessValues.active, parameter('active')),
          eq(accessValues.isUserName, parameter('isUserName')),
          eq(accessValues.value, parameter('value')),
          eq(accessValues.accessId, parameter('id')),
        ),
      )
      .prepare(),
  };
}
