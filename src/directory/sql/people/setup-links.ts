/** Setup links as SQL, for both databases. */
import { sql } from 'drizzle-orm';
import type { SetupLinkStore } from '../../store/setup-links.ts';
import { columns, named, type Row, selected } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

const COLUMNS = [
  'hash',
  'tenant',
  'namespace',
  'name',
  'createdBy',
  'createdAt',
  'expiresAt',
] as const;

export function createSetupLinkStore({ dialect, all, run }: PeopleDatabase): SetupLinkStore {
  const t = named(dialect.tables.setupLinks);
  const isOpen = (hash: string, at: number) => sql`${t.hash} = ${hash} AND ${t.expiresAt} > ${at}`;
  return {
    create: async ({ hash, tenant, namespace, name, createdBy, createdAt, expiresAt }) => {
      await run(
        sql`
          INSERT INTO ${t.table} (${columns(t, ...COLUMNS)})
          VALUES (
            ${hash}, ${tenant}, ${namespace}, ${name}, ${createdBy}, ${createdAt}, ${expiresAt}
          )
        `,
      );
    },
    find: async (hash, at) => {
      const [row] = await all<Row<'setupLinks'>>(
        sql`
          SELECT ${selected(t, ...COLUMNS, 'tokenShownAt')} FROM ${t.table} WHERE ${isOpen(hash, at)}
        `,
      );
      return row && { ...row, tokenShownAt: row.tokenShownAt ?? undefined };
    },
    markTokenShown: async (hash, at) => {
      const rows = await run(
        sql`
          UPDATE ${t.table}
          SET ${t.tokenShownAt} = ${at}
          WHERE ${isOpen(hash, at)} AND ${t.tokenShownAt} IS NULL
        `,
      );
      return rows > 0;
    },
    prune: (at) => run(sql`DELETE FROM ${t.table} WHERE ${t.expiresAt} <= ${at}`),
  };
}
