/** Who provisioned a user or group, as SQL for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import type { Person } from '../../store/people.ts';
import { named } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

interface ProvisionerRow {
  readonly integrationId: string;
  readonly externalId: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly endedAt: number | null;
}

/** In the order of the integrations' ids. */
export async function provisionersOf(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  id: string,
): Promise<Person['provisionedBy']> {
  const x = named(dialect.tables.externalIds, 'x');
  const i = named(dialect.tables.integrations, 'i');
  const statement: SQL<ProvisionerRow> = sql`
    SELECT ${x.integrationId} AS "integrationId", ${x.externalId} AS "externalId", ${i.namespace},
      ${i.name}, ${i.endedAt} AS "endedAt"
    FROM ${x.table}
    LEFT JOIN ${i.table} ON ${i.id} = ${x.integrationId} AND ${i.tenant} = ${x.tenant}
    WHERE ${x.tenant} = ${tenant} AND ${x.resourceId} = ${id}
    ORDER BY ${x.integrationId}
  `;
  return (await all(statement)).map(({ integrationId, externalId, namespace, name, endedAt }) => ({
    integrationId,
    integration: namespace === null || name === null ? undefined : { namespace, name },
    ended: name === null || endedAt !== null,
    externalId: externalId ?? undefined,
  }));
}
