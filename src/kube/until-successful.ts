/** Retries what must succeed before anything else can begin. */
import { Outage } from '../outage.ts';
import { Backoff, pause } from './backoff.ts';

interface RetryOptions {
  /** The longest pause between two attempts, in milliseconds. */
  readonly mostMs: number;
  /** Names the kind of trouble. Throws the error if retrying can't help. */
  readonly kindOf: (error: unknown) => string;
  /** Called for the first trouble of each kind. */
  readonly onTrouble: (error: unknown, kind: string) => void;
  /** Called if an attempt succeeds after trouble. */
  readonly onEnd: () => void;
}

/** Resolves with what the first successful attempt returned, or undefined if the signal aborts. */
export async function untilSuccessful<T>(
  attempt: () => Promise<T>,
  { mostMs, kindOf, onTrouble, onEnd }: RetryOptions,
  signal: AbortSignal,
): Promise<T | undefined> {
  const backoff = new Backoff(200, mostMs);
  const outage = new Outage();
  while (!signal.aborted) {
    try {
      const result = await attempt();
      if (outage.ends()) onEnd();
      return result;
    } catch (error) {
      const kind = kindOf(error);
      if (outage.begins(kind)) onTrouble(error, kind);
      await pause(backoff.next(), signal);
    }
  }
  return undefined;
}
