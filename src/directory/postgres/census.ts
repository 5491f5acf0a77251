/** The census of a directory on PostgreSQL. */
import { eq, isNull, sql } from 'drizzle-orm';
import { PLACES } from '../sql/resource-key.ts';
import type { Census, TenantTotals } from '../store/census.ts';
import type { Connections } from './connection/connections.ts';
import { integrations, tokens } from './schema.ts';

const TOTALS = sql`
  SELECT tenant, COALESCE(sum(value) FILTER (WHERE name = ${PLACES.User.counter}), 0) AS users,
    COALESCE(sum(value) FILTER (WHERE name = ${PLACES.Group.counter}), 0) AS groups
  FROM counters
  GROUP BY tenant
`;

export async function readCensus({ orm, all, guarded }: Connections): Promise<Census> {
  const { id, tenant, namespace, name, enabled, allowed, lastRequestAt } = integrations;
  const { integrationId, keyId, issuedAt, expiresAt } = tokens;
  // One after the other: a census takes one connection, not three.
  const tenants = await all<TenantTotals>(TOTALS);
  const live = await guarded(() =>
    orm
      .select({ id, tenant, namespace, name, enabled, allowed, lastRequestAt })
      .from(integrations)
      .where(isNull(integrations.endedAt)),
  );
  const held = await guarded(() =>
    orm
      .select({ integrationId, tenant, keyId, issuedAt, expiresAt })
      .from(tokens)
      .innerJoin(integrations, eq(id, integrationId))
      .where(isNull(integrations.endedAt)),
  );
  return {
    tenants,
    integrations: live.map((row) => ({ ...row, lastRequestAt: row.lastRequestAt ?? undefined })),
    tokens: held.map((row) => ({ ...row, expiresAt: row.expiresAt ?? undefined })),
  };
}
