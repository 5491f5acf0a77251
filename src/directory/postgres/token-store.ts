/** Token hashes on PostgreSQL. */
import { and, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import { columns, named, selected } from '../sql/names.ts';
import { tokenRecordOf } from '../sql/token-record.ts';
import {
  type TokenRecord,
  type TokenStore,
  type TokenUse,
  UnknownIntegrationError,
} from '../store/tokens.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { array } from './dialect.ts';
import { recordOf, revoked } from './integration-store.ts';
import { byTenant, claim, holderOf, lockedTenant, release, tenantOfId } from './registry.ts';
import { integrations, tokens } from './schema.ts';
import { latest } from './writes/latest.ts';

type Row = typeof tokens.$inferSelect;

const t = named(tokens);
const i = named(integrations);
const COLUMNS = ['hash', 'integrationId', 'keyId', 'issuedAt', 'expiresAt', 'pending'] as const;
const INSERTED = columns(t, 'tenant', ...COLUMNS);
const SELECTED = selected(t, ...COLUMNS, 'lastUsedAt', 'shownAt');
const CURRENT = named(tokens, 't');
const GIVEN = named(tokens, 'excluded');

export function createTokenStore(connections: Connections): TokenStore {
  const { guarded, reserved } = connections;
  const { orm } = reserved;
  const authenticate = orm
    .select({ integration: integrations, keyId: tokens.keyId, expiresAt: tokens.expiresAt })
    .from(tokens)
    .innerJoin(
      integrations,
      and(eq(integrations.tenant, tokens.tenant), eq(integrations.id, tokens.integrationId)),
    )
    .where(
      and(
        eq(tokens.tenant, sql.placeholder('tenant')),
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
      const tenant = await tenantOfId(reserved, integrationId);
      if (tenant === undefined) return [];
      const rows = await guarded(() =>
        orm
          .select()
          .from(tokens)
          .where(and(eq(tokens.tenant, tenant), eq(tokens.integrationId, integrationId))),
      );
      return rows.map(tokenRecordOf);
    },
    owner: async (hash) => (await holderOf(reserved, 'token', hash))?.integrationId,
    add: (token) =>
      reserved.transaction(async (queries) => {
        await put(queries, await knownTenant(queries, token.integrationId), token);
      }),
    keepOnly: (token, previous) =>
      reserved.transaction(async (queries) => {
        const tenant = await knownTenant(queries, token.integrationId);
        const ofIntegration = sql`
          ${t.tenant} = ${tenant} AND ${t.integrationId} = ${token.integrationId}
        `;
        const before = await queries.all<Omit<Row, 'tenant'>>(
          sql`
            SELECT ${SELECTED}
            FROM ${t.table}
            WHERE ${ofIntegration}
            ORDER BY ${t.hash}
            FOR UPDATE
          `,
        );
        await put(queries, tenant, token);
        const { hash = token.hash, expiresAt } = previous ?? {};
        await queries.run(
          sql`
            DELETE FROM ${t.table}
            WHERE ${ofIntegration} AND ${t.hash} NOT IN (${token.hash}, ${hash})
          `,
        );
        await release(queries, token.integrationId, ['token'], [token.hash, hash]);
        if (previous !== undefined) {
          await queries.run(
            sql`
              UPDATE ${t.table}
              SET ${t.expiresAt} = ${expiresAt}
              WHERE ${ofIntegration} AND ${t.hash} = ${hash}
            `,
          );
        }
        return before.map(tokenRecordOf);
      }),
    // As with integrations, a statement for each tenant.
    touch: async (uses) => {
      const byIntegration = Map.groupBy(uses, ({ integrationId }) => integrationId);
      for (const [tenant, ids] of await byTenant(reserved, [...byIntegration.keys()])) {
        const ofTenant = ids.flatMap((id) => byIntegration.get(id) ?? []);
        await reserved.run(touched(tenant, ofTenant));
      }
    },
    markShown: async (integrationId, keyId, at) => {
      const tenant = await tenantOfId(reserved, integrationId);
      if (tenant === undefined) return false;
      const rows = await reserved.run(
        sql`
          UPDATE ${t.table}
          SET ${t.shownAt} = ${at}
          WHERE ${t.tenant} = ${tenant}
            AND ${t.integrationId} = ${integrationId}
            AND ${t.keyId} = ${keyId}
            AND ${t.shownAt} IS NULL
        `,
      );
      return rows > 0;
    },
    revokeAll: (integrationId) =>
      reserved.transaction(async (queries) => {
        const tenant = await lockedTenant(queries, integrationId);
        if (tenant === undefined) return 0;
        await release(queries, integrationId, ['token']);
        return queries.run(revoked(tenant, integrationId));
      }),
  };
}

function touched(tenant: string, uses: readonly TokenUse[]): SQL {
  const texts = (key: 'integrationId' | 'keyId') => array(uses.map((each) => each[key]));
  const times = array(uses.map(({ at }) => String(at)));
  const noted = sql`
    unnest(${texts('integrationId')}, ${texts('keyId')}, ${times}) AS n(integration, key, at)
  `;
  return latest(
    { bare: t, row: CURRENT, key: 'hash', time: 'lastUsedAt' },
    tenant,
    noted,
    sql`n.integration = ${CURRENT.integrationId} AND n.key = ${CURRENT.keyId}`,
  );
}

/** Of an integration that hasn't ended, and doesn't end before the transaction does. */
async function knownTenant(queries: Queries, integrationId: string): Promise<string> {
  const tenant = await lockedTenant(queries, integrationId);
  if (tenant === undefined) throw new UnknownIntegrationError();
  const living = await queries.all(
    sql`
      SELECT 1
      FROM ${i.table}
      WHERE ${i.tenant} = ${tenant} AND ${i.id} = ${integrationId} AND ${i.endedAt} IS NULL
    `,
  );
  if (living.length === 0) throw new UnknownIntegrationError();
  return tenant;
}

async function put(queries: Queries, tenant: string, token: TokenRecord): Promise<void> {
  const { hash, integrationId, keyId, issuedAt, expiresAt = null, pending } = token;
  const holder = await claim(queries, 'token', hash, { tenant, integrationId });
  // Otherwise, a client that shows another integration's token could take it over.
  if (holder.integrationId !== integrationId)
    throw uniqueness('the token belongs to another integration');
  await queries.run(
    sql`
      INSERT INTO ${t.table} (${INSERTED})
      VALUES (
        ${tenant}, ${hash}, ${integrationId}, ${keyId}, ${issuedAt}, ${expiresAt}, ${pending}
      )
      ON CONFLICT (${columns(t, 'tenant', 'hash')})
      DO UPDATE SET ${t.keyId} = ${GIVEN.keyId}, ${t.issuedAt} = ${GIVEN.issuedAt},
        ${t.expiresAt} = ${GIVEN.expiresAt}, ${t.pending} = ${GIVEN.pending}
    `,
  );
}
