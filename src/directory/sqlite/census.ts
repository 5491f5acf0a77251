/** The census of a directory on SQLite. */
import { eq, isNull, sql } from 'drizzle-orm';
import { TOTALS } from '../sql/resource-key.ts';
import type { Census } from '../store/census.ts';
import type { Connections } from './connections.ts';
import { counters, integrations, tokens } from './schema.ts';

export function createCensus({
  read: { orm },
  reading,
}: Pick<Connections, 'read' | 'reading'>): () => Promise<Census> {
  const totalOf = (counter: string) =>
    sql<number>`sum(CASE WHEN ${counters.name} = ${counter} THEN ${counters.value} ELSE 0 END)`;
  const totals = orm
    .select({
      tenant: counters.tenant,
      users: totalOf(TOTALS.User),
      groups: totalOf(TOTALS.Group),
    })
    .from(counters)
    .groupBy(counters.tenant)
    .prepare();
  const { id, tenant, namespace, name, enabled, allowed, lastRequestAt } = integrations;
  const live = orm
    .select({ id, tenant, namespace, name, enabled, allowed, lastRequestAt })
    .from(integrations)
    .where(isNull(integrations.endedAt))
    .prepare();
  const { integrationId, keyId, issuedAt, expiresAt, lastUsedAt } = tokens;
  const held = orm
    .select({ integrationId, tenant, keyId, issuedAt, expiresAt, lastUsedAt })
    .from(tokens)
    .innerJoin(integrations, eq(id, integrationId))
    .where(isNull(integrations.endedAt))
    .prepare();
  return () =>
    reading(() => ({
      tenants: totals.all(),
      integrations: live
        .all()
        .map((row) => ({ ...row, lastRequestAt: row.lastRequestAt ?? undefined })),
      tokens: held.all().map((row) => ({
        ...row,
        expiresAt: row.expiresAt ?? undefined,
        lastUsedAt: row.lastUsedAt ?? undefined,
      })),
    }));
}
