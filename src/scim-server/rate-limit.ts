/**
 * A token bucket for each integration: one that sends too much gets 429 and slows down no other. A
 * Bulk counts as many requests as it has operations.
 */
import { RATE_BURST_SECONDS } from '../scim/limits.ts';
import { tooManyRequests } from './error.ts';

/** The number of buckets above which full ones are dropped; a full bucket is the same as none. */
const SWEEP_SIZE = 1024;

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  at: number;
}

/**
 * Counts requests of the integration, by default one. `now` is in milliseconds of a monotonic
 * clock. Throws ScimError 429 if there are too many, and then counts none of them. A full bucket
 * lets more requests pass than it holds; later requests wait until the excess is paid back.
 */
export type RateLimit = (integrationId: string, now: number, requests?: number) => void;

/**
 * `rate` is the number of requests per second that an integration may send; 0 disables the limit.
 */
export function createRateLimit(rate: number): RateLimit {
  if (rate === 0) return () => {};
  const burst = rate * RATE_BURST_SECONDS;
  // A Bulk is already counted as one request before its operations are known.
  const mostAtOnce = Math.max(1, burst - 1);
  const buckets = new Map<string, Bucket>();
  let sweepAt = SWEEP_SIZE;

  const refill = (bucket: Bucket, now: number) => {
    const elapsed = now - bucket.at;
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsed * rate) / 1000);
    bucket.at = now;
  };

  const sweep = (now: number) => {
    for (const [id, bucket] of buckets) {
      refill(bucket, now);
      if (bucket.tokens >= burst) buckets.delete(id);
    }
    sweepAt = Math.max(SWEEP_SIZE, buckets.size * 2);
  };

  return (integrationId, now, requests = 1) => {
    let bucket = buckets.get(integrationId);
    if (bucket === undefined) {
      if (buckets.size >= sweepAt) sweep(now);
      bucket = { tokens: burst, at: now };
      buckets.set(integrationId, bucket);
    }
    refill(bucket, now);
    const needed = Math.min(requests, mostAtOnce);
    if (bucket.tokens < needed) {
      throw tooManyRequests(rate, Math.ceil((needed - bucket.tokens) / rate));
    }
    bucket.tokens -= requests;
  };
}
