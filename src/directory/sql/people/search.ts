/** The search for people as SQL, for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { fold } from '../../../scim/text.ts';
import type { PeopleStore } from '../../store/people.ts';
import { named } from '../names.ts';
import { userIdsBelow } from '../relations.ts';
import { isActive } from './active.ts';
import { pageCursor, pageKey } from './cursor.ts';
import type { PeopleDatabase } from './database.ts';
import { startsWith } from './prefix.ts';
import { listedPeople } from './summaries.ts';

export function createSearch(database: PeopleDatabase): Pick<PeopleStore, 'search'> {
  const { dialect, all } = database;
  const a = named(dialect.tables.access, 'a');
  const x = named(dialect.tables.externalIds, 'x');
  return {
    search: async (tenant, { text = '', active, groupId, integrationId, after, limit }) => {
      const [last] = pageKey(after, 1) ?? [];
      const provisioned = sql`
        EXISTS (
          SELECT 1
          FROM ${x.table}
          WHERE ${x.tenant} = ${tenant}
            AND ${x.resourceId} = ${a.id}
            AND ${x.integrationId} = ${integrationId}
        )
      `;
      const below = userIdsBelow(dialect.tables, tenant, sql`${groupId}`);
      const conditions = [
        sql`${a.tenant} = ${tenant}`,
        startsWith(a.userNameKey, fold(text)),
        ...(last === undefined ? [] : [sql`${a.userNameKey} > ${last}`]),
        ...(active === undefined
          ? []
          : [sql`${active ? sql`` : sql`NOT`} ${isActive(a.attributes)}`]),
        ...(groupId === undefined ? [] : [dialect.among(a.id, below)]),
        ...(integrationId === undefined ? [] : [provisioned]),
      ];
      const statement: SQL<{ readonly id: string; readonly key: string }> = sql`
        SELECT ${a.id}, ${a.userNameKey} AS key
        FROM ${a.table}
        WHERE ${sql.join(conditions, sql` AND `)}
        ORDER BY ${a.userNameKey}
        LIMIT ${limit + 1}
      `;
      const rows = await all(statement);
      const shown = rows.slice(0, limit);
      const found = await listedPeople(
        database,
        tenant,
        shown.map(({ id }) => id),
      );
      const end = rows.length > limit ? shown.at(-1) : undefined;
      return {
        people: shown.flatMap(({ id }) => found.get(id)?.summary ?? []),
        next: end && pageCursor(end.key),
      };
    },
  };
}
