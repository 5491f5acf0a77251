/**
 * Retry-After, by which a busy API server asks for a pause: how it is read, and how far it is
 * heeded.
 */
import { ApiError } from './errors.ts';

/** As undici gives it. */
export type Header = string | readonly string[] | undefined;

/** However long a pause is asked for. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * Milliseconds: from the header, else from `retryAfterSeconds` of the Status; undefined without
 * either.
 */
export function readRetryAfter(
  header: Header,
  retryAfterSeconds: number | undefined,
): number | undefined {
  const asked = typeof header === 'string' ? header : retryAfterSeconds;
  const seconds = Number(asked ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** The least milliseconds to wait after the error before the next attempt. */
export function pauseAskedBy(error: unknown): number {
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(asked, LONGEST_PAUSE_MS);
}
