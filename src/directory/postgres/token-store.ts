/** Token hashes on PostgreSQL. */
import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import { columns, named, selected } from '../sql/names.ts';
import { tokenRecordOf } from '../sql/token-record.ts';
import type { TokenRecord, TokenStore } from '../store/tokens.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { array } from './dialect.ts';
import { recordOf } from './integration-store.ts';
import { integrations, tokens } from './schema.ts';

type Row = typeof tokens.$inferSelect;

const t = named(tokens);
const COLUMNS = ['hash', 'integrationId', 'keyId', 'issuedAt', 'expiresAt', 'pending'] as const;
const INSERTED = columns(t, ...COLUMNS);
const SELECTED = selected(t, ...COLUMNS, 'lastUsedAt', 'shownAt');
const CURRENT = named(tokens, 't');
const GIVEN = named(tokens, 'excluded');

export function createTokenStore(connections: Connections): TokenStore {
  const { guarded, reserved } = connections;
  const { orm } = reserved;
  const authenticate = orm
    .select({ integration: integrations, keyId: tokens.keyId, expiresAt: tokens.expiresAt })
    .from(tokens)
    .innerJoin(integrations, eq(integrations.id, tokens.integrationId))
    .where(
      and(
        eq(tokens.hash, sql.placeholder('hash')),
        eq(integrations.id, sql.placeholder('integrationId')),
        eq(integrations.tenant, sql.placeholder('tenant')),
        isNull(integrations.endedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql.placeholder('at'))),
      ),
    )
    .prepare('authenticate');
  return {
    authenticate: async (tenant, integrationId, hash, at) => {
      const [row] = await guarded(() => authenticate.execute({ tenant, integrationId, hash, at }));
      if (row === undefined) return undefined;
      const { integration, keyId, expiresAt } = row;
      return { integration: recordOf(integration), keyId, expiresAt: expiresAt ?? undefined };
    },
    list: async (integrationId) => {
      const rows = await guarded(() =>
        orm.select().from(tokens).where(eq(tokens.integrationId, integrationId)),
      );
      return rows.map(tokenRecordOf);
    },
    owner: async (hash) => {
      const [row] = await guarded(() => orm.select().from(tokens).where(eq(tokens.hash, hash)));
      return row?.integrationId;
    },
    add: (token) => put(reserved, token),
    keepOnly: (token, previous) =>
      reserved.transaction(async (queries) => {
        const before = await queries.all<Row>(
          sql`
            SELECT ${SELECTED}
            FROM ${t.table}
            WHERE ${t.integrationId} = ${token.integrationId}
            ORDER BY ${t.hash}
            FOR UPDATE
          `,
        );
        await put(queries, token);
        const { hash = token.hash, expiresAt } = previous ?? {};
        await queries.run(
          sql`
            DELETE FROM ${t.table}
            WHERE ${t.integrationId} = ${token.integrationId}
              AND ${t.hash} NOT IN (${token.hash}, ${hash})
          `,
        );
        if (previous !== undefined) {
          await queries.run(
            sql`
              UPDATE ${t.table}
              SET ${t.expiresAt} = ${expiresAt}
              WHERE ${t.integrationId} = ${token.integrationId} AND ${t.hash} = ${hash}
            `,
          );
        }
        return before.map(tokenRecordOf);
      }),
    touch: async (uses) => {
      const texts = (key: 'integrationId' | 'keyId') => array(uses.map((each) => each[key]));
      const times = array(uses.map(({ at }) => String(at)));
      const noted = sql`
        unnest(${texts('integrationId')}, ${texts('keyId')}, ${times}) AS n(integration, key, at)
      `;
      // In the order of hashes, so that processes that write at the same time don't block each
      // other.
      const locked = sql`
        SELECT ${CURRENT.hash}, n.at
        FROM ${CURRENT.table}
        JOIN ${noted} ON n.integration = ${CURRENT.integrationId} AND n.key = ${CURRENT.keyId}
        ORDER BY ${CURRENT.hash}
        FOR NO KEY UPDATE OF t
      `;
      await reserved.run(
        sql`
          WITH locked AS MATERIALIZED (${locked})
          UPDATE ${CURRENT.table}
          SET ${t.lastUsedAt} = greatest(${CURRENT.lastUsedAt}, locked.at::bigint)
          FROM locked
          WHERE ${CURRENT.hash} = locked.hash
        `,
      );
    },
    markShown: async (integrationId, keyId, at) => {
      const rows = await reserved.run(
        sql`
          UPDATE ${t.table}
          SET ${t.shownAt} = ${at}
          WHERE ${t.integrationId} = ${integrationId}
            AND ${t.keyId} = ${keyId}
            AND ${t.shownAt} IS NULL
        `,
      );
      return rows > 0;
    },
    revokeAll: (integrationId) =>
      reserved.run(sql`DELETE FROM ${t.table} WHERE ${t.integrationId} = ${integrationId}`),
  };
}

async function put(queries: Queries, token: TokenRecord): Promise<void> {
  const { hash, integrationId, keyId, issuedAt, expiresAt = null, pending } = token;
  const rows = await queries.run(
    sql`
      INSERT INTO ${t.table} AS t (${INSERTED})
      VALUES (${hash}, ${integrationId}, ${keyId}, ${issuedAt}, ${expiresAt}, ${pending})
      ON CONFLICT (${t.hash})
      DO UPDATE SET ${t.keyId} = ${GIVEN.keyId}, ${t.issuedAt} = ${GIVEN.issuedAt},
        ${t.expiresAt} = ${GIVEN.expiresAt}, ${t.pending} = ${GIVEN.pending}
      WHERE ${CURRENT.integrationId} = ${GIVEN.integrationId}
    `,
  );
  // Otherwise, a client that shows another integration's token could take it over.
  if (rows === 0) throw uniqueness('the token belongs to another integration');
}
