/** What is set for statements: for a session, or for each transaction behind a pooler. */
import type { SentStatement } from './round-trip.ts';

/**
 * Settings of every transaction, also behind a pooler. Okta and Entra ID wait less long for any
 * request.
 */
export const TRANSACTION_SETTINGS = {
  statement_timeout: '60s',
  // A row that one session holds must not stop everything that waits for it.
  lock_timeout: '3s',
  // Without fresh statistics the planner is wrong about how large tables are. It would scan one
  // that was empty when it planned, or compile a statement that takes a millisecond. A prepared
  // statement keeps such a plan until the table is analysed, so scans must stay off.
  enable_seqscan: 'off',
  jit: 'off',
  // Parallel workers would take processors from everything else.
  max_parallel_workers_per_gather: '0',
  // Frees the locks of a process that has vanished. A running process is never idle in a
  // transaction.
  idle_in_transaction_session_timeout: '10s',
} as const;

/** Settings of every session that belongs to one connection. Only there, statements have names. */
export const SESSION_SETTINGS = {
  ...TRANSACTION_SETTINGS,
  // Otherwise, a statement whose plan seems cheaper with its values is planned each time, which
  // takes longer than to run it. No plan may depend on values: tests run both kinds.
  plan_cache_mode: 'force_generic_plan',
} as const;

/** The expression that sets them. */
export const SET_SESSION = Object.entries(SESSION_SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(' || ');

/** For the transaction that the statement and others of its round trip are. */
export const LOCK_TIMEOUT: SentStatement = {
  text: `SELECT set_config('lock_timeout', '${SESSION_SETTINGS.lock_timeout}', TRUE)`,
};
