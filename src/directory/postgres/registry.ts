/**
 * What is unique across tenants: the ids of integrations, the custom resources behind live ones, and
 * the hashes of tokens. The keys of tables that are distributed by tenant can't enforce that, so this
 * table does. It also tells the tenant of an integration that is known by its id.
 */
import { sql } from 'drizzle-orm';
import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { columns, named, nameText, selected } from '../sql/names.ts';
import type { IntegrationOwner } from '../store/integrations.ts';
import type { Queries } from './connection/connections.ts';
import { array } from './dialect.ts';
import { integrations, tokens } from './schema.ts';

export const registry = pgTable(
  'registry',
  {
    kind: text('kind', { enum: ['integration', 'owner', 'token'] }).notNull(),
    name: text('name').notNull(),
    tenant: text('tenant').notNull(),
    integrationId: text('integration_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.kind, t.name] }),
    index('registry_integration').on(t.integrationId, t.kind),
  ],
);

type Kind = typeof registry.$inferSelect.kind;

/** The integration that has a name. */
type Registered = Pick<typeof registry.$inferSelect, 'tenant' | 'integrationId'>;

const r = named(registry);
const HOLDER = selected(r, 'tenant', 'integrationId');

export async function holderOf(
  queries: Queries,
  kind: Kind,
  name: string,
): Promise<Registered | undefined> {
  const [row] = await queries.all<Registered>(
    sql`SELECT ${HOLDER} FROM ${r.table} WHERE ${r.kind} = ${kind} AND ${r.name} = ${name}`,
  );
  return row;
}

/** The tenant of the integration; undefined if there is none with the id. */
export const tenantOfId = async (queries: Queries, id: string): Promise<string | undefined> =>
  (await holderOf(queries, 'integration', id))?.tenant;

/**
 * The ids of the integrations that exist, by their tenants, in order. With `FOR SHARE` as `strength`
 * they keep their tenants until the transaction ends.
 */
export async function byTenant(
  queries: Queries,
  ids: readonly string[],
  strength = sql``,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await queries.all<Registered>(
    sql`
      SELECT ${HOLDER}
      FROM ${r.table}
      WHERE ${r.kind} = 'integration' AND ${r.name} = ANY(${array(ids)})
      ORDER BY ${r.tenant}, ${r.name}
      ${strength}
    `,
  );
  const groups = Map.groupBy(rows, ({ tenant }) => tenant);
  return new Map(
    [...groups].map(([tenant, each]) => [tenant, each.map((row) => row.integrationId)]),
  );
}

/** Like tenantOfId, and locks the id, so that the integration keeps its tenant and its tokens. */
export async function lockedTenant(queries: Queries, id: string): Promise<string | undefined> {
  const [row] = await queries.all<Registered>(
    sql`
      UPDATE ${r.table}
      SET ${r.name} = ${r.name}
      WHERE ${r.kind} = 'integration' AND ${r.name} = ${id}
      RETURNING ${HOLDER}
    `,
  );
  return row?.tenant;
}

/** Gives the name to the integration unless another one has it. Locks it, and returns who has it. */
export async function claim(
  queries: Queries,
  kind: Kind,
  name: string,
  { tenant, integrationId }: Registered,
): Promise<Registered> {
  const [row] = await queries.all<Registered>(
    sql`
      INSERT INTO ${r.table} AS r (${columns(r, 'kind', 'name', 'tenant', 'integrationId')})
      VALUES (${kind}, ${name}, ${tenant}, ${integrationId})
      ON CONFLICT (${columns(r, 'kind', 'name')})
      DO UPDATE SET ${r.name} = ${named(registry, 'excluded').name}
      RETURNING ${selected(named(registry, 'r'), 'tenant', 'integrationId')}
    `,
  );
  if (row === undefined) throw new Error('the server returned nothing about a name');
  return row;
}

/** The integration gives up its names of these kinds, except for tokens that it keeps. */
export async function release(
  queries: Queries,
  integrationId: string,
  kinds: readonly Kind[],
  kept: readonly string[] = [],
): Promise<void> {
  await queries.run(
    sql`
      DELETE FROM ${r.table}
      WHERE ${r.integrationId} = ${integrationId}
        AND ${r.kind} = ANY(${array(kinds)})
        AND ${r.name} <> ALL(${array(kept)})
    `,
  );
}

/** The integration, whose id is locked, is in the tenant from now on. */
export async function move(queries: Queries, { tenant, integrationId }: Registered): Promise<void> {
  await queries.run(
    sql`UPDATE ${r.table} SET ${r.tenant} = ${tenant} WHERE ${r.integrationId} = ${integrationId}`,
  );
}

/** Names of objects in Kubernetes contain no slash. */
export const ownerName = ({ clusterUid, namespace, name }: IntegrationOwner): string =>
  [clusterUid, namespace, name].join('/');

const [REGISTRY, INTEGRATIONS, TOKENS] = [registry, integrations, tokens].map((table) =>
  nameText(named(table).table),
);

/** Fills the table of a directory whose other tables were copied. */
export const FILL_REGISTRY: readonly string[] = [
  `DELETE FROM ${REGISTRY}`,
  `
    INSERT INTO ${REGISTRY}
    SELECT 'integration', id, tenant, id FROM ${INTEGRATIONS}
    UNION ALL
    SELECT 'owner', cluster_uid || '/' || namespace || '/' || name, tenant, id
    FROM ${INTEGRATIONS}
    WHERE ended_at IS NULL
    UNION ALL
    SELECT 'token', hash, tenant, integration_id FROM ${TOKENS}
  `,
];
