/** What the console reads about the people of a tenant, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { fold } from '../../../scim/text.ts';
import type { PeopleStore, Person, PersonKey, PersonMatch } from '../../store/people.ts';
import type { SearchDialect } from '../conditions.ts';
import { usersWithEmail } from '../index-candidates.ts';
import { named } from '../names.ts';
import { INACTIVE_USERS, TOTALS } from '../resource-key.ts';
import type { PeopleDatabase } from './database.ts';
import { createDirectGroupReads } from './direct-groups.ts';
import { createGroupReads } from './groups.ts';
import { identityOf } from './identities.ts';
import { createMemberReads } from './members.ts';
import { provisionersOf } from './provisioners.ts';
import { createSearch } from './search.ts';

/** More than one is too many for the callers of find, and the others are worth a log line. */
const MOST_MATCHES = 10;

interface PersonRow extends Omit<Person, 'attributes' | 'active' | 'provisionedBy' | 'identity'> {
  readonly attributes: string;
}

export function createPeopleStore(database: PeopleDatabase): PeopleStore {
  const { dialect, all } = database;
  const { tables } = dialect;
  const a = named(tables.access, 'a');
  const c = named(tables.counters, 'c');
  return {
    ...createSearch(database),
    ...createGroupReads(database),
    ...createMemberReads(database),
    ...createDirectGroupReads(database),
    find: async (tenant, by, value) => {
      // PostgreSQL has no such text.
      if (value.includes('\0')) return [];
      const rows = await all<Omit<PersonMatch, 'active'> & { readonly active: unknown }>(
        sql`
          SELECT ${a.id}, ${a.attributes} ->> 'userName' AS "userName", ${a.active}
          FROM ${a.table}
          WHERE ${a.tenant} = ${tenant} AND ${matched(dialect, tenant, by, value)}
          ORDER BY ${a.id}
          LIMIT ${MOST_MATCHES}
        `,
      );
      return rows.map((row) => ({ ...row, active: Boolean(row.active) }));
    },
    get: async (tenant, id) => {
      const [row] = await all<PersonRow>(
        sql`
          SELECT ${a.id}, ${a.attributes}, ${a.version}, ${a.created},
            ${a.lastModified} AS "lastModified"
          FROM ${a.table}
          WHERE ${a.tenant} = ${tenant} AND ${a.id} = ${id}
        `,
      );
      if (row === undefined) return undefined;
      const attributes: Person['attributes'] = JSON.parse(row.attributes);
      const [identity] = await all(identityOf(tables, tenant, id));
      return {
        ...row,
        attributes,
        active: attributes.active === true,
        provisionedBy: await provisionersOf(database, tenant, id),
        identity,
      };
    },
    counts: async (tenant) => {
      const totalOf = (counter: string) =>
        sql`
          CAST(
            COALESCE(sum(CASE WHEN ${c.name} = ${counter} THEN ${c.value} ELSE 0 END), 0) AS BIGINT
          )
        `;
      const [row] = await all<{ users: number; inactive: number; groups: number }>(
        sql`
          SELECT ${totalOf(TOTALS.User)} AS users, ${totalOf(INACTIVE_USERS)} AS inactive,
            ${totalOf(TOTALS.Group)} AS groups
          FROM ${c.table}
          WHERE ${c.tenant} = ${tenant}
        `,
      );
      const { users, inactive, groups } = row ?? { users: 0, inactive: 0, groups: 0 };
      return { active: users - inactive, inactive, groups };
    },
  };
}

function matched(dialect: SearchDialect, tenant: string, by: PersonKey, value: string): SQL {
  const { tables } = dialect;
  const a = named(tables.access, 'a');
  switch (by) {
    case 'userName':
      return sql`${a.userNameKey} = ${fold(value)}`;
    case 'email':
      return dialect.among(a.id, usersWithEmail(dialect, tenant, dialect.bind(fold(value))));
    case 'externalId': {
      const x = named(tables.externalIds, 'x');
      const i = named(tables.integrations, 'i');
      const live = sql`
        ${i.id} = ${x.integrationId} AND ${i.tenant} = ${x.tenant} AND ${i.endedAt} IS NULL
      `;
      // Without the type, the index has all columns that are read; otherwise SQLite doesn't use it.
      const ids = sql`
        SELECT ${x.resourceId}
        FROM (
          SELECT ${x.resourceId}, ${x.integrationId}, ${x.tenant}
          FROM ${x.table}
          WHERE ${x.tenant} = ${tenant} AND ${x.externalId} = ${value}
        ) AS x ${dialect.lookUp(i, live)}
      `;
      return dialect.among(a.id, ids);
    }
  }
}
