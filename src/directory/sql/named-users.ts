/** What users are named after outside of SCIM, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { isJsonObject } from '../../scim/json.ts';
import { type Nameable, nameableOf } from '../kubernetes-names.ts';
import type { SearchDialect } from './conditions.ts';
import { type Names, named, type Row } from './names.ts';

export interface UserRow extends Pick<Row<'access'>, 'id'> {
  readonly userName: string;
  /** 1 on SQLite, true on PostgreSQL; a user without it is inactive. */
  readonly active: string | null;
  /** JSON. */
  readonly emails: string | null;
}

export const userColumns = (a: Names<'id' | 'attributes'>): SQL => sql`
  ${a.id}, ${a.attributes} ->> 'userName' AS "userName",
    CAST(${a.attributes} ->> 'active' AS TEXT) AS active, ${a.attributes} ->> 'emails' AS emails
`;

export function userById({ tables }: SearchDialect, tenant: string, id: string): SQL<UserRow> {
  const a = named(tables.access, 'a');
  return sql`
    SELECT ${userColumns(a)}
    FROM ${a.table}
    WHERE ${a.tenant} = ${tenant} AND ${a.id} = ${id}
  `;
}

interface ExternalIdRow {
  readonly id: string;
  readonly externalId: string;
  /** 1, or 0 if the integration has ended. */
  readonly live: number;
}

/** Selects the externalIds that integrations gave these users. */
export function externalIdsOf(
  dialect: SearchDialect,
  tenant: string,
  ids: readonly string[],
): SQL<ExternalIdRow> {
  const x = named(dialect.tables.externalIds, 'x');
  const i = named(dialect.tables.integrations, 'i');
  const link = sql`${x.tenant} = ${tenant} AND ${x.resourceId} = w.value`;
  return sql`
    SELECT ${x.resourceId} AS id, ${x.externalId} AS "externalId",
      CASE WHEN ${i.id} IS NULL THEN 0 ELSE 1 END AS live
    FROM ${dialect.values(ids, 'w')} ${dialect.lookUp(x, link)}
    LEFT JOIN ${i.table}
      ON ${i.id} = ${x.integrationId} AND ${i.tenant} = ${x.tenant} AND ${i.endedAt} IS NULL
    WHERE ${x.externalId} IS NOT NULL
  `;
}

export const isActiveRow = ({ active }: UserRow): boolean => active === '1' || active === 'true';

/** Returns what each user is named after, in order. */
export function nameables(
  users: readonly UserRow[],
  found: readonly ExternalIdRow[],
): readonly Nameable[] {
  const byUser = Map.groupBy(found, ({ id }) => id);
  return users.map(({ id, userName, emails }) => {
    const own = byUser.get(id) ?? [];
    const live = own.filter((each) => each.live > 0);
    const externalIds = (live.length > 0 ? live : own).map(({ externalId }) => externalId);
    const parsed: unknown = emails === null ? {} : { emails: JSON.parse(emails) };
    return nameableOf({ ...(isJsonObject(parsed) ? parsed : {}), userName }, externalIds);
  });
}
