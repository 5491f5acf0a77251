/** Statements on the sessions of a pool, and when they are run again. */
import { setTimeout as pause } from 'node:timers/promises';
import { unavailable } from '../../../scim/error.ts';
import { asScimError, isTransient, StatementLostError } from '../errors.ts';
import type { Pool } from './pool.ts';
import type { SentStatement } from './round-trip.ts';
import type { Session } from './session.ts';

const MAX_ATTEMPTS = 10;

export async function guarded<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw asScimError(error);
  }
}

export const asked = (session: Session, statements: readonly SentStatement[]) =>
  guarded(() => session.askAll(statements));

/**
 * Returns the rows of a statement that only reads. If its connection breaks, it is run once more on
 * another one, but both times together wait no longer for a connection than one.
 */
export async function read(pool: Pool, statement: SentStatement): Promise<readonly unknown[]> {
  const since = performance.now();
  const used: Session[] = [];
  const ask = (session: Session) => {
    used.push(session);
    return guarded(() => session.askRead(statement));
  };
  const attempt = async () => {
    const [answer] = await again(() => onSession(pool, ask, since));
    return answer?.rows ?? [];
  };
  try {
    return await attempt();
  } catch (error) {
    if (!used.at(-1)?.isBroken) throw error;
    return attempt();
  }
}

/** See Connections. The second one decides, because it is committed even if the first one fails. */
export async function both(pool: Pool, first: SentStatement, second: SentStatement) {
  const { answer, missed } = await together(pool, first, second);
  if (!(missed instanceof StatementLostError)) return { answer, missed };
  const alone = again(() => onSession(pool, (session) => guarded(() => session.askAlone([first]))));
  return { answer, missed: await alone.then(() => undefined, asScimError) };
}

async function together(pool: Pool, first: SentStatement, second: SentStatement) {
  let before = [first];
  return again(async () => {
    const outcomes = await onSession(pool, (session) =>
      guarded(() => session.askEach([...before, second])),
    );
    const answer = outcomes.at(-1);
    const errors = outcomes.slice(0, -1).filter((outcome) => outcome instanceof Error);
    if (errors.length === 0) before = [];
    if (answer === undefined || answer instanceof Error) throw asScimError(answer);
    return { answer, missed: errors.map(asScimError)[0] };
  });
}

/**
 * The connection survives an error that concerns only the statement. `since`: when the wait for a
 * connection began.
 */
export async function onSession<T>(
  pool: Pool,
  work: (session: Session) => Promise<T>,
  since = performance.now(),
): Promise<T> {
  const session = pool.idle() ?? (await guarded(() => pool.acquire(since)));
  try {
    return await work(session);
  } finally {
    pool.release(session);
  }
}

/** Makes the attempt again after a conflict with another transaction. */
export async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (count === MAX_ATTEMPTS) throw unavailable(error);
      await pause(Math.random() * 2 ** count);
    }
  }
}
