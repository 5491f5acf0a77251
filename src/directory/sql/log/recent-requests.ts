/** The last requests as rows, one for each integration and process. */
import { type SQL, sql } from 'drizzle-orm';
import { MOST_RECENT_REQUESTS, type RecentRequest } from '../../store/recent-requests.ts';
import type { Scope } from '../../store/resources.ts';
import { columns, type Names, type Row } from '../names.ts';

/** More processes than serve at once; the others have ended. */
const MOST_PROCESSES = 20;

type Column = keyof Row<'recentRequests'>;

/** The statements, which are the same in both databases. */
export function recentRequestStatements(r: Names<Column>, given: Names<Column>) {
  const inserted = columns(r, 'tenant', 'integrationId', 'process', 'writtenAt', 'requests');
  const key = columns(r, 'tenant', 'integrationId', 'process');
  return {
    put: (
      { tenant, integrationId }: Scope,
      process: string,
      requests: readonly RecentRequest[],
      at: number,
    ) =>
      sql`
        INSERT INTO ${r.table} (${inserted})
        VALUES (${tenant}, ${integrationId}, ${process}, ${at}, ${JSON.stringify(requests)})
        ON CONFLICT (${r.tenant}, ${r.integrationId}, ${r.process})
        DO UPDATE SET ${r.writtenAt} = ${given.writtenAt}, ${r.requests} = ${given.requests}
      `,
    list: ({ tenant, integrationId }: Scope): SQL<Pick<Row<'recentRequests'>, 'requests'>> =>
      sql`
        SELECT ${r.requests}
        FROM ${r.table}
        WHERE ${r.tenant} = ${tenant} AND ${r.integrationId} = ${integrationId}
      `,
    prune: (before: number) =>
      sql`
        DELETE FROM ${r.table}
        WHERE (${key}) IN (
          SELECT ${key}
          FROM (
            SELECT ${key}, ${r.writtenAt}, row_number() OVER (
              PARTITION BY ${r.tenant}, ${r.integrationId} ORDER BY ${r.writtenAt} DESC
            ) AS place
            FROM ${r.table}
          ) AS ranked
          WHERE ${r.writtenAt} < ${before} OR place > ${MOST_PROCESSES}
        )
      `,
  };
}

/** Merges what the processes wrote, newest first. */
export function mergedRequests(
  rows: readonly Pick<Row<'recentRequests'>, 'requests'>[],
): readonly RecentRequest[] {
  return rows
    .flatMap(({ requests }) => JSON.parse(requests) as readonly RecentRequest[])
    .toSorted((a, b) => b.at - a.at)
    .slice(0, MOST_RECENT_REQUESTS);
}
