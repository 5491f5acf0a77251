/** Token hashes on SQLite. */
import { and, eq, gt, isNull, ne, or, sql } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import { named } from '../sql/names.ts';
import { tokenRecordOf } from '../sql/token-record.ts';
import { type TokenRecord, type TokenStore, UnknownIntegrationError } from '../store/tokens.ts';
import { type Connections, parameter } from './connections.ts';
import { recordOf } from './integration-store.ts';
import { integrations, tokens } from './schema.ts';

export function createTokenStore({ writer, write, read, reading }: Connections): TokenStore {
  const authenticate = read.orm
    .select({ integration: integrations, keyId: tokens.keyId, expiresAt: tokens.expiresAt })
    .from(tokens)
    .innerJoin(
      integrations,
      and(eq(integrations.tenant, tokens.tenant), eq(integrations.id, tokens.integrationId)),
    )
    .where(
      and(
        eq(tokens.tenant, parameter('tenant')),
        eq(tokens.hash, parameter('hash')),
        eq(integrations.id, parameter('integrationId')),
        eq(integrations.tenant, parameter('tenant')),
        isNull(integrations.endedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, parameter('at'))),
      ),
    )
    .prepare();
  const { orm } = write;
  const ofIntegration = eq(tokens.integrationId, parameter('integrationId'));
  const byHash = eq(tokens.hash, parameter('hash'));
  const list = read.orm.select().from(tokens).where(ofIntegration).prepare();
  const held = orm.select().from(tokens).where(ofIntegration).prepare();
  const find = read.orm.select().from(tokens).where(byHash).prepare();
  const given = named(tokens, 'excluded');
  const integration = orm
    .select({ tenant: integrations.tenant })
    .from(integrations)
    .where(and(eq(integrations.id, parameter('integrationId')), isNull(integrations.endedAt)))
    .prepare();
  const upsert = orm
    .insert(tokens)
    .values({
      tenant: sql.placeholder('tenant'),
      hash: sql.placeholder('hash'),
      integrationId: sql.placeholder('integrationId'),
      keyId: sql.placeholder('keyId'),
      issuedAt: sql.placeholder('issuedAt'),
      expiresAt: sql.placeholder('expiresAt'),
      pending: sql.placeholder('pending'),
    })
    .onConflictDoUpdate({
      target: tokens.hash,
      set: {
        keyId: sql`${given.keyId}`,
        issuedAt: sql`${given.issuedAt}`,
        expiresAt: sql`${given.expiresAt}`,
        pending: sql`${given.pending}`,
      },
      setWhere: sql`${tokens.integrationId} = ${given.integrationId}`,
    })
    .prepare();
  const removeOthers = orm
    .delete(tokens)
    .where(
      and(
        ofIntegration,
        ne(tokens.hash, parameter('current')),
        ne(tokens.hash, parameter('previous')),
      ),
    )
    .prepare();
  const expire = orm
    .update(tokens)
    .set({ expiresAt: sql`${sql.placeholder('expiresAt')}` })
    .where(and(ofIntegration, byHash))
    .prepare();
  const markShown = orm
    .update(tokens)
    .set({ shownAt: sql`${sql.placeholder('at')}` })
    .where(and(ofIntegration, eq(tokens.keyId, parameter('keyId')), isNull(tokens.shownAt)))
    .prepare();
  const use = orm
    .update(tokens)
    .set({
      lastUsedAt: sql`max(COALESCE(${named(tokens).lastUsedAt}, 0), ${sql.placeholder('at')})`,
    })
    .where(and(ofIntegration, eq(tokens.keyId, parameter('keyId'))))
    .prepare();
  const removeAll = orm.delete(tokens).where(ofIntegration).prepare();
  const put = (token: TokenRecord) => {
    const found = integration.get({ integrationId: token.integrationId });
    if (found === undefined) throw new UnknownIntegrationError();
    const { changes } = upsert.run({ ...token, ...found, expiresAt: token.expiresAt ?? null });
    // Otherwise, a client that shows another integration's token could take it over.
    if (changes === 0) throw uniqueness('the token belongs to another integration');
  };
  return {
    authenticate: (tenant, integrationId, hash, at) =>
      reading(() => {
        const row = authenticate.get({ tenant, integrationId, hash, at });
        if (row === undefined) return undefined;
        const { integration, keyId, expiresAt } = row;
        return { integration: recordOf(integration), keyId, expiresAt: expiresAt ?? undefined };
      }),
    list: (integrationId) => reading(() => list.all({ integrationId }).map(tokenRecordOf)),
    owner: (hash) => reading(() => find.get({ hash })?.integrationId),
    add: (token) => writer.write(() => put(token)),
    keepOnly: (token, previous) =>
      writer.write(() => {
        const { integrationId, hash: current } = token;
        const before = held.all({ integrationId }).map(tokenRecordOf);
        put(token);
        removeOthers.run({ integrationId, current, previous: previous?.hash ?? current });
        if (previous !== undefined) expire.run({ integrationId, ...previous });
        return before;
      }),
    touch: (uses) =>
      writer.write(() => {
        for (const each of uses) use.run({ ...each });
      }),
    markShown: (integrationId, keyId, at) =>
      writer.write(() => markShown.run({ integrationId, keyId, at }).changes > 0),
    revokeAll: (integrationId) => writer.write(() => removeAll.run({ integrationId }).changes),
  };
}
