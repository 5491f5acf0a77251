/** Setup links as SQL, for both databases. */
import { sql } from 'drizzle-orm';
import type { SetupLink, SetupLinkStore } from '../../store/setup-links.ts';
import { columns, named, type Row, selected } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

const COLUMNS = [
  'hash',
  'tenant',
  'namespace',
  'name',
  'integrationUid',
  'createdBy',
  'accessId',
  'holder',
  'createdAt',
  'expiresAt',
] as const;
type SetupLinkRow = Row<'setupLinks'>;

export function createSetupLinkStore({ dialect, all, run }: PeopleDatabase): SetupLinkStore {
  const t = named(dialect.tables.setupLinks);
  const row = selected(t, ...COLUMNS, 'tokenShownAt');
  const isOpen = (hash: string, at: number) => sql`${t.hash} = ${hash} AND ${t.expiresAt} > ${at}`;
  return {
    create: async ({ creator, ...link }) => {
      const accessId = creator.kind === 'person' ? creator.accessId : null;
      const holder = creator.kind === 'kubernetes' ? JSON.stringify(creator.holder) : null;
      await run(
        sql`
          INSERT INTO ${t.table} (${columns(t, ...COLUMNS)})
          VALUES (
            ${link.hash}, ${link.tenant}, ${link.namespace}, ${link.name}, ${link.integrationUid},
            ${link.createdBy}, ${accessId}, ${holder}, ${link.createdAt}, ${link.expiresAt}
          )
        `,
      );
    },
    find: async (hash, at) => {
      const [found] = await all<SetupLinkRow>(
        sql`SELECT ${row} FROM ${t.table} WHERE ${isOpen(hash, at)}`,
      );
      return found && linkOf(found);
    },
    list: async (integrationUid, at) => {
      const rows = await all<SetupLinkRow>(
        sql`
          SELECT ${row}
          FROM ${t.table}
          WHERE ${t.integrationUid} = ${integrationUid} AND ${t.expiresAt} > ${at}
          ORDER BY ${t.createdAt} DESC, ${t.hash}
        `,
      );
      return rows.map(linkOf);
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
    revoke: async (integrationUid, hash) => {
      const isLink = sql`${t.hash} = ${hash} AND ${t.integrationUid} = ${integrationUid}`;
      return (await run(sql`DELETE FROM ${t.table} WHERE ${isLink}`)) > 0;
    },
    prune: (at) => run(sql`DELETE FROM ${t.table} WHERE ${t.expiresAt} <= ${at}`),
  };
}

function linkOf({ accessId, holder, tokenShownAt, ...link }: SetupLinkRow): SetupLink {
  const creator =
    accessId === null
      ? ({ kind: 'kubernetes', holder: JSON.parse(holder ?? '') } as const)
      : ({ kind: 'person', accessId } as const);
  return { ...link, creator, tokenShownAt: tokenShownAt ?? undefined };
}
