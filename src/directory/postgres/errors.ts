/**
 * What PostgreSQL's errors mean: come back later, somebody else has it, try again, or a defect of
 * ours.
 */
import { DatabaseError } from 'pg';
import { unavailable } from '../../scim/error.ts';
import { DatabaseRefusedError } from '../database-errors.ts';
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
 * A statement that the database can never run: a defect of ours. It says nothing of parameters and
 * rows, which the errors of the driver and Drizzle quote.
 */
class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly code: string;

  constructor(code: string, message: string) {
    // Of bad data the message is about the data.
    super(code.startsWith('22') ? `the data is invalid (${code})` : `${message} (${code})`);
    this.code = code;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof StatementError ? error.code : databaseError(error)?.code;
}

/** With these the server, or a pooler before it, ends the connection a moment later. */
const LAST_WORDS = /^(?:08|57P|25P0[34])/;

/**
 * Whether the connection is of no use after the error: nobody answers there any more, or one that
 * takes no writes.
 */
export function isLost(error: unknown): boolean {
  const known = databaseError(error);
  return known === undefined || isReadOnly(error) || LAST_WORDS.test(known.code ?? '');
}

export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** Whether the server, or a pooler before it, has all the connections that it allows. */
export function isFull(error: unknown): boolean {
  return (
    codeOf(error) === '53300' ||
    /no more connections allowed/.test(databaseError(error)?.message ?? '')
  );
}

/** The transaction was overtaken by another one before it had its locks, and has to begin again. */
export class OvertakenError extends Error {
  override readonly name = 'OvertakenError';
}

/** The transaction met another one: serialization failure, deadlock. Nothing was written. */
export function isTransient(error: unknown): boolean {
  return error instanceof OvertakenError || ['40001', '40P01'].includes(codeOf(error) ?? '');
}

/** A write of a row that met another row of the key is refused with uniqueness. */
export async function refuseTaken<T>(name: ResourceName, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw codeOf(error) === '23505' ? taken(name) : error;
  }
}

/** Classes of errors that are the statement's own fault: what it asks for can never be done. */
const DEFECT = /^(?:0A|21|22|23|26|34|42|54)/;

/**
 * What the driver threw: a database that can't do it now is 503, and what it can never do a
 * StatementError, which becomes 500.
 */
export function asScimError(error: unknown): unknown {
  const known = databaseError(error);
  if (known?.code !== undefined && DEFECT.test(known.code)) {
    return new StatementError(known.code, known.message);
  }
  // Whoever isn't answered can't know whether the write was made.
  return unavailable(known ?? rootOf(error));
}

/** Without Drizzle's message, which quotes the parameters. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}

/**
 * Whether a connection might be made with TLS where it was not without, or the other way: by
 * `hostssl` in pg_hba.conf too.
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

/** What waiting won't mend, as a DatabaseRefusedError; any other error as it is. */
export function asRefusal(error: unknown): unknown {
  const known = databaseError(error);
  const reason = known?.code === undefined ? undefined : REFUSALS[known.code];
  if (reason !== undefined) return new DatabaseRefusedError(`${reason} (${known?.message ?? ''})`);
  const ofTls = tlsRefusal(error);
  return ofTls === undefined ? error : new DatabaseRefusedError(ofTls);
}
