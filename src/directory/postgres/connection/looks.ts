/** What a connection is asked about its server. */
import type { SentStatement } from './round-trip.ts';
import { SET_SESSION } from './session-settings.ts';

/**
 * Without a pooler in between, the process that responds is the one that accepted the connection.
 */
export const FIRST_LOOK = `
  SELECT pg_backend_pid() = $1 AS direct,
    current_setting('transaction_read_only') = 'on' AS standby,
    CASE WHEN pg_backend_pid() = $1 THEN ${SET_SESSION} END
`;
/**
 * Whether the server has this statement under another name. A pooler that renames statements, as
 * PgBouncer does from 1.21 on, parses them in each session that doesn't have them yet.
 */
const NAME = 'scim_operator';
export const LOOK_AT_NAMES: SentStatement = {
  name: NAME,
  text: `
    SELECT NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = $1)
      AND EXISTS (SELECT FROM pg_prepared_statements WHERE statement = current_query())
      AS renamed
  `,
  values: [NAME],
  isClosed: true,
};
/** Whether its data may be old. */
export const LOOK = `SELECT current_setting('transaction_read_only') = 'on' AS standby`;

export interface Look {
  readonly direct?: boolean;
  readonly standby: boolean;
}

/** The server is a standby, or was configured to accept no writes, so its data may be old. */
export class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError';
  constructor() {
    super('the server accepts no writes');
  }
}
