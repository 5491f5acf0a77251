/**
 * What writes of users and groups have in common on SQLite: the current row, and the rows that
 * belong to it in other tables.
 */
import { sql } from 'drizzle-orm';
import { notFound } from '../../../scim/error.ts';
import type { Attributes } from '../../../scim/resource.ts';
import { ownColumns, type ResourceRow, resourceOf } from '../../sql/lists.ts';
import { lookupChange } from '../../sql/lookup-values.ts';
import { columns, named } from '../../sql/names.ts';
import { type ResourceName, resourceNames } from '../../sql/resource-key.ts';
import type { Scope, UserRecord } from '../../store/resources.ts';
import type { SqliteConnection } from '../connections.ts';
import { sqliteDialect } from '../dialect.ts';
import { accessValues, externalIds, groupMembers } from '../schema.ts';
import { prepared } from './prepared.ts';

const v = named(accessValues);
const x = named(externalIds);
const VALUE = columns(v, 'tenant', 'value', 'accessId', 'types');
const LINK = columns(x, 'tenant', 'integrationId', 'resourceId', 'resourceType', 'externalId');
const LINK_KEY = columns(x, 'tenant', 'resourceId', 'integrationId');

/** A resource as a write finds it. */
interface Current {
  /** A user who is in no group has `groups`. */
  readonly record: UserRecord;
  /** Whether the integration provisions it already. */
  readonly isLinked: boolean;
}

export class ResourceRows {
  readonly #name: ResourceName;
  readonly #statements;

  constructor(connection: SqliteConnection, name: ResourceName) {
    this.#name = name;
    this.#statements = prepareStatements(connection, name);
  }

  get({ tenant, integrationId }: Scope, id: string): Current | undefined {
    const found = this.#statements.get.get(integrationId, tenant, id);
    if (found === undefined) return undefined;
    const record = resourceOf(found);
    return {
      record: found.isInGroups === 0 ? { ...record, groups: [] } : record,
      isLinked: found.isLinked === 1,
    };
  }

  /** Throws notFound. */
  require(scope: Scope, id: string): Current {
    const current = this.get(scope, id);
    if (current === undefined) throw notFound(this.#name, id);
    return current;
  }

  /** Notes that the integration provisions the resource, under its own externalId. */
  link({ tenant, integrationId }: Scope, id: string, externalId: string | null): void {
    this.#statements.link.run(tenant, integrationId, id, externalId);
  }

  /** The same, unless the integration has done so already. */
  relink(scope: Scope, { record, isLinked }: Current, { externalId } = record.profile): void {
    if (isLinked && externalId === record.profile.externalId) return;
    this.link(scope, record.id, externalId);
  }

  /** Makes a user's values those of the next attributes; without them, the user has no more. */
  indexValues(
    tenant: string,
    id: string,
    current: Attributes | undefined,
    next: Attributes | undefined,
  ): void {
    const { removed, written } = lookupChange(current, next);
    for (const value of removed) this.#statements.deleteValue.run(tenant, value, id);
    for (const { value, types } of written) this.#statements.putValue.run(tenant, value, id, types);
  }

  /** Removes the links of a resource that is deleted. */
  unlink(tenant: string, id: string): void {
    this.#statements.deleteLinks.run(tenant, id);
  }
}

function prepareStatements(connection: SqliteConnection, name: ResourceName) {
  const r = resourceNames(sqliteDialect.tables, name, 'r');
  const l = named(externalIds, 'l');
  const m = named(groupMembers, 'm');
  const membership = sql`
    SELECT 1 FROM ${m.table} WHERE ${m.tenant} = ${r.tenant} AND ${m.memberId} = ${r.id}
  `;
  return {
    get: prepared<
      [integrationId: string, tenant: string, id: string],
      Omit<ResourceRow, 'memberships'> & { readonly isLinked: number; readonly isInGroups: number }
    >(
      connection,
      sql`
        SELECT ${ownColumns(r)}, ${l.externalId} AS "externalId",
          ${l.resourceId} IS NOT NULL AS "isLinked",
          ${name === 'User' ? sql`EXISTS (${membership})` : sql`1`} AS "isInGroups"
        FROM ${r.table}
        LEFT JOIN ${l.table} ON ${l.tenant} = ${r.tenant}
          AND ${l.resourceId} = ${r.id}
          AND ${l.integrationId} = +?
        WHERE ${r.tenant} = +? AND ${r.id} = +?
      `,
    ),
    link: prepared<[tenant: string, integrationId: string, id: string, externalId: string | null]>(
      connection,
      sql`
        INSERT INTO ${x.table} (${LINK})
        VALUES (?, ?, ?, ${sql.raw(`'${name}'`)}, ?)
        ON CONFLICT (${LINK_KEY})
        DO UPDATE SET ${x.externalId} = ${named(externalIds, 'excluded').externalId}
      `,
    ),
    deleteLinks: prepared<[tenant: string, id: string]>(
      connection,
      sql`DELETE FROM ${x.table} WHERE ${x.tenant} = +? AND ${x.resourceId} = +?`,
    ),
    putValue: prepared<[tenant: string, value: string, id: string, types: string]>(
      connection,
      sql`
        INSERT INTO ${v.table} (${VALUE})
        VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET ${v.types} = ${named(accessValues, 'excluded').types}
      `,
    ),
    deleteValue: prepared<[tenant: string, value: string, id: string]>(
      connection,
      sql`
        DELETE FROM ${v.table}
        WHERE ${v.tenant} = +? AND ${v.value} = +? AND ${v.accessId} = +?
      `,
    ),
  };
}
