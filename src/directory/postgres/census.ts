/** The census of a directory on PostgreSQL. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import { named } from '../sql/names.ts';
import { TOTALS } from '../sql/resource-key.ts';
import type { Census, TenantTotals } from '../store/census.ts';
import type { Connections } from './connection/connections.ts';
import { counters, integrations, tokens } from './schema.ts';

const c = named(counters);
const totalOf = (counter: string) =>
  sql`COALESCE(sum(${c.value}) FILTER (WHERE ${c.name} = ${counter}), 0)`;
const TENANT_TOTALS = sql<TenantTotals>`
  SELECT ${c.tenant}, ${totalOf(TOTALS.User)} AS users, ${totalOf(TOTALS.Group)} AS groups
  FROM ${c.table}
  GROUP BY ${c.tenant}
`;

export async function readCensus({ orm, all, guarded }: Connections): Promise<Census> {
  const { id, tenant, namespace, name, enabled, allowed, lastRequestAt } = integrations;
  const { integrationId, keyId, issuedAt, expiresAt, lastUsedAt } = tokens;
  // One after the other, so that a census takes one connection and not three.
  const tenants = await all(TENANT_TOTALS);
  const live = await guarded(() =>
    orm
      .select({ id, tenant, namespace, name, enabled, allowed, lastRequestAt })
      .from(integrations)
      .where(isNull(integrations.endedAt)),
  );
  const held = await guarded(() =>
    orm
      .select({ integrationId, tenant: tokens.tenant, keyId, issuedAt, expiresAt, lastUsedAt })
      .from(tokens)
      .innerJoin(integrations, and(eq(tenant, tokens.tenant), eq(id, integrationId)))
      .where(isNull(integrations.endedAt)),
  );
  return {
    tenants,
    integrations: live.map((row) => ({ ...row, lastRequestAt: row.lastRequestAt ?? undefined })),
    tokens: held.map((row) => ({
      ...row,
      expiresAt: row.expiresAt ?? undefined,
      lastUsedAt: row.lastUsedAt ?? undefined,
    })),
  };
}
