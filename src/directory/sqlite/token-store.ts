/** Token hashes on SQLite. */
import { and, eq, gt, isNull, notInArray, or } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import type { TokenRecord, TokenStore } from '../store.ts';
import { type Connections, parameter } from './connection.ts';
import { recordOf } from './integration-store.ts';
import { integrations, tokens } from './schema.ts';

type Row = typeof tokens.$inferSelect;

export function createTokenStore({ writer, write, read, reading }: Connections): TokenStore {
  const authenticate = read.orm
    .select({ integration: integrations, keyId: tokens.keyId })
    .from(tokens)
    .innerJoin(integrations, eq(integrations.id, tokens.integrationId))
    .where(
      and(
        eq(tokens.hash, parameter('hash')),
        eq(integrations.id, parameter('integrationId')),
        eq(integrations.tenant, parameter('tenant')),
        isNull(integrations.endedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, parameter('at'))),
      ),
    )
    .prepare();
  const put = (token: TokenRecord) => {
    const { hash, ...changes } = { ...token, expiresAt: token.expiresAt ?? null };
    const setWhere = eq(tokens.integrationId, token.integrationId);
    const { changes: rows } = write.orm
      .insert(tokens)
      .values({ hash, ...changes })
      .onConflictDoUpdate({ target: tokens.hash, set: changes, setWhere })
      .run();
    // Whoever shows a token of another integration must not take it away from there.
    if (rows === 0) throw uniqueness('the token belongs to another integration');
  };
  return {
    authenticate: (tenant, integrationId, hash, at) =>
      reading(() => {
        const row = authenticate.get({ tenant, integrationId, hash, at });
        return row && { integration: recordOf(row.integration), keyId: row.keyId };
      }),
    list: (integrationId) =>
      reading(() =>
        read.orm
          .select()
          .from(tokens)
          .where(eq(tokens.integrationId, integrationId))
          .all()
          .map(toRecord),
      ),
    owner: (hash) =>
      reading(
        () => read.orm.select().from(tokens).where(eq(tokens.hash, hash)).get()?.integrationId,
      ),
    add: (token) => writer.write(() => put(token)),
    keepOnly: (token, previous) =>
      writer.write(() => {
        const ofIntegration = eq(tokens.integrationId, token.integrationId);
        const before = write.orm.select().from(tokens).where(ofIntegration).all().map(toRecord);
        put(token);
        const kept = [token.hash, ...(previous === undefined ? [] : [previous.hash])];
        write.orm
          .delete(tokens)
          .where(and(ofIntegration, notInArray(tokens.hash, kept)))
          .run();
        if (previous !== undefined) {
          const { hash, expiresAt } = previous;
          write.orm
            .update(tokens)
            .set({ expiresAt })
            .where(and(ofIntegration, eq(tokens.hash, hash)))
            .run();
        }
        return before;
      }),
    revokeAll: (integrationId) =>
      writer.write(
        () => write.orm.delete(tokens).where(eq(tokens.integrationId, integrationId)).run().changes,
      ),
  };
}

function toRecord({ expiresAt, ...row }: Row): TokenRecord {
  return { ...row, expiresAt: expiresAt ?? undefined };
}
