/** The last requests as rows, one for each integration and process. */
import { type SQL, sql } from 'drizzle-orm';
import { MOST_RECENT_REQUESTS, type RecentRequest } from '../../store/recent-requests.ts';
import { columns, type Names, type Row } from '../names.ts';

/** More processes than serve at once; the others have ended. */
const MOST_PROCESSES = 20;

type Column = keyof Row<'recentRequests'>;

/** The statements, which are the same in both databases. */
export function recentRequestStatements(r: Names<Column>, given: Names<Column>) {
  const inserted = columns(r, 'integrationId', 'process', 'writtenAt', 'requests');
  return {
    put: (integrationId: string, process: string, requests: readonly RecentRequest[], at: number) =>
      sql`
        INSERT INTO ${r.table} (${inserted})
        VALUES (${integrationId}, ${process}, ${at}, ${JSON.stringify(requests)})
        ON CONFLICT (${r.integrationId}, ${r.process})
        DO UPDATE SET ${r.writtenAt} = ${given.writtenAt}, ${r.requests} = ${given.requests}
      `,
    list: (integrationId: string): SQL<Pick<Row<'recentRequests'>, 'requests'>> =>
      sql`SELECT ${r.requests} FROM ${r.table} WHERE ${r.integrationId} = ${integrationId}`,
    prune: (before: number) =>
      sql`
        DELETE FROM ${r.table}
        WHERE (${r.integrationId}, ${r.process}) IN (
          SELECT ${r.integrationId}, ${r.process}
          FROM (
            SELECT ${r.integrationId}, ${r.process}, ${r.writtenAt}, row_number() OVER (
              PARTITION BY ${r.integrationId} ORDER BY ${r.writtenAt} DESC
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
