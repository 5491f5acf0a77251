/** What is set for statements: for a session, or for each transaction behind a pooler. */
import type { SentStatement } from './round-trip.ts';

/**
 * Settings of every transaction, also behind a pooler. Okta and Entra ID wait less long for any
 * request.
 */
const TRANSACTION_SETTINGS = {
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

/** Settings of every statement that has a name. */
export const SESSION_SETTINGS = {
  ...TRANSACTION_SETTINGS,
  // Otherwise, a statement whose plan seems cheaper with its values is planned each time, which
  // takes longer than to run it. No plan may depend on values: tests run both kinds.
  plan_cache_mode: 'force_generic_plan',
} as const;

const setConfig = (settings: Readonly<Record<string, string>>, isLocal: boolean): string =>
  Object.entries(settings)
    .map(([name, value]) => `set_config('${name}', '${value}', ${isLocal})`)
    .join(' || ');

/** A query could not come before the isolation level of its transaction. */
const setLocal = (settings: Readonly<Record<string, string>>): readonly SentStatement[] =>
  Object.entries(settings).map(([name, value]) => ({ text: `SET LOCAL ${name} = '${value}'` }));

/** The expression that sets them for a session that belongs to one connection. */
export const SET_SESSION = setConfig(SESSION_SETTINGS, false);

/** What is set behind a pooler, before anything else. */
export interface PooledSettings {
  /** For a transaction that has begun. */
  readonly ofTransaction: readonly SentStatement[];
  /** For the transaction that it and the statements after it are. */
  readonly ofRoundTrip: SentStatement;
}

/** If statements have names. */
export const NAMED: PooledSettings = {
  ofTransaction: setLocal(SESSION_SETTINGS),
  ofRoundTrip: { text: `SELECT ${setConfig(SESSION_SETTINGS, true)}` },
};

/** If not: whatever is set is parsed and planned each time. */
export const UNNAMED: PooledSettings = {
  ofTransaction: setLocal(TRANSACTION_SETTINGS),
  ofRoundTrip: {
    text: `SELECT ${setConfig({ lock_timeout: TRANSACTION_SETTINGS.lock_timeout }, true)}`,
  },
};
