/** Reads Retry-After, by which a busy API server asks for a pause, and limits the pause. */
import { ApiError } from './errors.ts';

/** As undici returns it. */
export type Header = string | readonly string[] | undefined;

/** A longer pause is not honoured. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * Returns milliseconds from the header or else from `retryAfterSeconds` of the Status; undefined
 * without either.
 */
export function readRetryAfter(
  header: Header,
  retryAfterSeconds: number | undefined,
): number | undefined {
  const asked = typeof header === 'string' ? header : retryAfterSeconds;
  const seconds = Number(asked ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** Returns the minimum milliseconds to wait after the error. */
export function pauseAskedBy(error: unknown): number {
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(asked, LONGEST_PAUSE_MS);
}
