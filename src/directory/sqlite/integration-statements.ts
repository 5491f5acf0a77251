/** The statements about integrations and tenants that run with every reconcile, prepared once. */
import { and, eq, gte, inArray, isNull, sql } from 'drizzle-orm';
import { type Connection, parameter } from './connection.ts';
import { externalIds, governedTenants, integrations, tenantOwners } from './schema.ts';

/** Columns in which an update takes what the insert would have written. */
const UPDATED = [
  'tenant',
  'clusterUid',
  'namespace',
  'namespaceUid',
  'name',
  'uid',
  'enabled',
  'allowed',
  'deletionPolicy',
  'endedAt',
] as const;

const excluded = Object.fromEntries(
  UPDATED.map((column) => [column, sql`excluded.${sql.identifier(integrations[column].name)}`]),
);

export function getIntegration({ orm }: Connection) {
  return orm
    .select()
    .from(integrations)
    .where(eq(integrations.id, parameter('id')))
    .prepare();
}

export function integrationReads(connection: Connection) {
  const { orm } = connection;
  return {
    get: getIntegration(connection),
    find: orm
      .select()
      .from(integrations)
      .where(
        and(
          eq(integrations.clusterUid, sql.placeholder('clusterUid')),
          eq(integrations.namespace, sql.placeholder('namespace')),
          eq(integrations.name, sql.placeholder('name')),
          isNull(integrations.endedAt),
        ),
      )
      .prepare(),
    activeSince: orm
      .select({
        clusterUid: integrations.clusterUid,
        namespace: integrations.namespace,
        name: integrations.name,
      })
      .from(integrations)
      .where(
        and(
          eq(integrations.clusterUid, parameter('clusterUid')),
          isNull(integrations.endedAt),
          inArray(
            integrations.tenant,
            orm
              .select({ tenant: integrations.tenant })
              .from(integrations)
              .where(gte(integrations.lastRequestAt, parameter('at'))),
          ),
        ),
      )
      .prepare(),
    owner: orm
      .select()
      .from(tenantOwners)
      .where(eq(tenantOwners.tenant, parameter('tenant')))
      .prepare(),
    governed: orm
      .select()
      .from(governedTenants)
      .where(eq(governedTenants.tenant, parameter('tenant')))
      .prepare(),
    provisioned: orm
      .select({ type: externalIds.resourceType, count: sql<number>`count(*)` })
      .from(externalIds)
      .where(
        and(
          eq(externalIds.integrationId, parameter('id')),
          eq(externalIds.tenant, parameter('tenant')),
        ),
      )
      .groupBy(externalIds.resourceType)
      .prepare(),
  };
}

export function integrationWrites(connection: Connection) {
  const { orm } = connection;
  return {
    get: getIntegration(connection),
    put: orm
      .insert(integrations)
      .values({
        id: sql.placeholder('id'),
        tenant: sql.placeholder('tenant'),
        clusterUid: sql.placeholder('clusterUid'),
        namespace: sql.placeholder('namespace'),
        namespaceUid: sql.placeholder('namespaceUid'),
        name: sql.placeholder('name'),
        uid: sql.placeholder('uid'),
        enabled: sql.placeholder('enabled'),
        allowed: sql.placeholder('allowed'),
        deletionPolicy: sql.placeholder('deletionPolicy'),
        endedAt: sql.placeholder('endedAt'),
      })
      .onConflictDoUpdate({ target: integrations.id, set: excluded })
      .prepare(),
  };
}
