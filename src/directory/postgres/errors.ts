/**
 * What PostgreSQL's errors mean: the database is unavailable, the key is taken, the transaction has
 * to be retried, or this program has a defect.
 */
import { DatabaseError } from 'pg';
import { busy, ScimError, unavailable } from '../../scim/error.ts';
import { DatabaseRefusedError, LockTimeoutError } from '../database-errors.ts';
import { type ResourceName, taken } from '../sql/resource-key.ts';
import { tlsRefusal } from './connection/tls.ts';

/** Drizzle wraps what the driver throws. */
function databaseError(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error;
  return error instanceof Error && error.cause !== undefined
    ? databaseError(error.cause)
    : undefined;
}

/**
 * A statement that the database can never run, which is a defect of this program. The error doesn't
 * contain parameters and rows, unlike those of the driver and Drizzle.
 */
class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly code: string;

  constructor(code: string, message: string) {
    // Messages about bad data quote the data.
    super(code.startsWith('22') ? `the data is invalid (${code})` : `${message} (${code})`);
    this.code = code;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof StatementError ? error.code : databaseError(error)?.code;
}

/** After these errors, the server or a pooler before it ends the connection. */
const LAST_WORDS = /^(?:08|57P|25P0[34])/;

/**
 * Whether the connection can't be used after the error: the server is gone, or accepts no writes.
 */
export function isLost(error: unknown): boolean {
  const known = databaseError(error);
  return known === undefined || isReadOnly(error) || LAST_WORDS.test(known.code ?? '');
}

export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** Whether the server, or a pooler before it, has reached its limit of connections. */
export function isFull(error: unknown): boolean {
  return (
    codeOf(error) === '53300' ||
    /no more connections allowed/.test(databaseError(error)?.message ?? '')
  );
}

/** The transaction was overtaken before it had its locks, and has to start again. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
}

/**
 * The server didn't have the prepared statement as it was prepared, so it didn't run it and rolled
 * back what precedes it in its transaction.
 */
export class StatementLostError extends Error {
  override readonly name = 'StatementLostError';
}

/** Where in the server's source an error of a code is raised, because messages are translated. */
const OF_NAMES: Readonly<Record<string, string>> = {
  // The number of values differs.
  '08P01': 'exec_bind_message',
  // The columns differ.
  '0A000': 'RevalidateCachedQuery',
};

/**
 * Returns a StatementLostError if the name of a prepared statement stands for nothing (26000), for
 * another one already (42P05), or for one that differs from what was prepared.
 */
export function asStatementLost(error: unknown): StatementLostError | undefined {
  const { code = '', routine, message = '' } = databaseError(error) ?? {};
  const isOfName =
    /^(?:26000|42P05)$/.test(code) || (routine !== undefined && OF_NAMES[code] === routine);
  return isOfName ? new StatementLostError(`${message} (${code})`) : undefined;
}

/**
 * Whether the transaction conflicted with another one (serialization failure, deadlock), or the
 * server had lost a prepared statement. Nothing was written.
 */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof OvertakenError ||
    error instanceof StatementLostError ||
    ['40001', '40P01'].includes(codeOf(error) ?? '')
  );
}

/** Whether the statement took longer than statement_timeout allows. */
export const isEnded = (error: unknown): boolean => codeOf(error) === '57014';

/** Refuses a write with uniqueness if another row has its key. */
export async function refuseTaken<T>(name: ResourceName, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw codeOf(error) === '23505' ? taken(name) : error;
  }
}

/** Classes of errors that are the statement's fault: it can never succeed. */
const DEFECT = /^(?:0A|21|22|23|26|34|42|54)/;

/** The statement has waited for a lock for as long as lock_timeout allows. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Translates an error of the driver. If the database is unavailable or another session holds a
 * lock, it becomes 503; if the statement can never succeed, it becomes a StatementError, and
 * thereby 500.
 */
export function asScimError(error: unknown): unknown {
  if (error instanceof StatementLostError) return error;
  const known = databaseError(error);
  if (known?.code !== undefined && DEFECT.test(known.code)) {
    return new StatementError(known.code, known.message);
  }
  if (known?.code === LOCK_NOT_AVAILABLE) return busy(new LockTimeoutError());
  // Without a response, it is unknown whether the write was made.
  return unavailable(known ?? rootOf(error));
}

/** Whether the statement waited too long for a lock. Nothing was written. */
export const isLockTimeout = (error: unknown): boolean =>
  error instanceof ScimError && error.cause instanceof LockTimeoutError;

/**
 * Whether the server refused the statement, or ended it to let others go on. Nothing was written. A
 * statement that took longer than statement_timeout isn't meant: those of a batch that is divided
 * would take as long once more.
 */
export const isOfStatement = (error: unknown): boolean =>
  error instanceof StatementError || isLockTimeout(error);

/** Drops Drizzle's message, which quotes the parameters. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}

/**
 * Whether a connection might succeed with TLS if it failed without, or the other way round.
 * `hostssl` in pg_hba.conf can be the reason.
 */
export function isAboutTls(error: unknown): boolean {
  return tlsRefusal(error) !== undefined || codeOf(error) === '28000';
}

const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'the password is wrong',
  '28000': "the server doesn't accept this user with these credentials from this address",
  '3D000': 'the server has no such database; create it',
  '42501': 'the user lacks a privilege',
};

/** Returns a DatabaseRefusedError if waiting won't help, and any other error unchanged. */
export function asRefusal(error: unknown): unknown {
  const known = databaseError(error);
  const reason = known?.code === undefined ? undefined : REFUSALS[known.code];
  if (reason !== undefined) return new DatabaseRefusedError(`${reason} (${known?.message ?? ''})`);
  const ofTls = tlsRefusal(error);
  return ofTls === undefined ? error : new DatabaseRefusedError(ofTls);
}
