/** Token hashes on PostgreSQL. */
import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import type { TokenRecord, TokenStore } from '../store/tokens.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { recordOf } from './integration-store.ts';
import { integrations, tokens } from './schema.ts';

type Row = typeof tokens.$inferSelect;

export function createTokenStore(connections: Connections): TokenStore {
  const { orm, guarded } = connections;
  const authenticate = orm
    .select({ integration: integrations, keyId: tokens.keyId })
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
      return row && { integration: recordOf(row.integration), keyId: row.keyId };
    },
    list: async (integrationId) => {
      const rows = await guarded(() =>
        orm.select().from(tokens).where(eq(tokens.integrationId, integrationId)),
      );
      return rows.map(toRecord);
    },
    owner: async (hash) => {
      const [row] = await guarded(() => orm.select().from(tokens).where(eq(tokens.hash, hash)));
      return row?.integrationId;
    },
    add: (token) => put(connections, token),
    keepOnly: (token, previous) =>
      connections.transaction(async (queries) => {
        const before = await queries.all<Row>(
          sql`
            SELECT hash, integration_id AS "integrationId", key_id AS "keyId",
              issued_at AS "issuedAt", expires_at AS "expiresAt", pending
            FROM tokens
            WHERE integration_id = ${token.integrationId}
            ORDER BY hash
            FOR UPDATE
          `,
        );
        await put(queries, token);
        const { hash = token.hash, expiresAt } = previous ?? {};
        await queries.run(
          sql`
            DELETE FROM tokens
            WHERE integration_id = ${token.integrationId} AND hash NOT IN (${token.hash}, ${hash})
          `,
        );
        if (previous !== undefined) {
          await queries.run(
            sql`
              UPDATE tokens
              SET expires_at = ${expiresAt}
              WHERE integration_id = ${token.integrationId} AND hash = ${hash}
            `,
          );
        }
        return before.map(toRecord);
      }),
    revokeAll: (integrationId) =>
      connections.run(sql`DELETE FROM tokens WHERE integration_id = ${integrationId}`),
  };
}

async function put(queries: Queries, token: TokenRecord): Promise<void> {
  const { hash, integrationId, keyId, issuedAt, expiresAt = null, pending } = token;
  const rows = await queries.run(
    sql`
      INSERT INTO tokens (hash, integration_id, key_id, issued_at, expires_at, pending)
      VALUES (${hash}, ${integrationId}, ${keyId}, ${issuedAt}, ${expiresAt}, ${pending})
      ON CONFLICT (hash)
      DO UPDATE SET key_id = excluded.key_id, issued_at = excluded.issued_at,
        expires_at = excluded.expires_at, pending = excluded.pending
      WHERE tokens.integration_id = excluded.integration_id
    `,
  );
  // Whoever shows a token of another integration must not take it away from there.
  if (rows === 0) throw uniqueness('the token belongs to another integration');
}

function toRecord({ expiresAt, ...row }: Row): TokenRecord {
  return { ...row, expiresAt: expiresAt ?? undefined };
}
