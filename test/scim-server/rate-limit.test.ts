/** The rate limit of an integration, on a clock that the test moves. */
import { describe, expect, it } from 'vitest';
import { createRateLimit, type RateLimit } from '../../src/scim-server/rate-limit.ts';

/** How many of `tries` requests at the time `now` pass. */
function passed(limit: RateLimit, id: string, now: number, tries: number): number {
  let count = 0;
  for (let index = 0; index < tries; index++) {
    try {
      limit(id, now);
      count++;
    } catch {
      // Refused.
    }
  }
  return count;
}

describe('an integration', () => {
  it('may send two seconds’ worth of requests at once, then its rate', () => {
    const limit = createRateLimit(10);
    expect(passed(limit, 'a', 0, 100)).toBe(20);
    expect(passed(limit, 'a', 1000, 100)).toBe(10);
    expect(passed(limit, 'a', 1100, 100)).toBe(1);
    expect(passed(limit, 'a', 60_000, 100)).toBe(20);
  });

  it('that sends too much is told when to retry', () => {
    const limit = createRateLimit(1);
    passed(limit, 'a', 0, 2);
    expect(() => limit('a', 0)).toThrow(expect.objectContaining({ status: 429, retryAfter: 1 }));
  });

  it('may send any number at once with a full bucket, and then has to wait', () => {
    const limit = createRateLimit(10);
    limit('a', 0, 15);
    expect(() => limit('a', 0, 6)).toThrow(expect.objectContaining({ status: 429, retryAfter: 1 }));
    expect(passed(limit, 'a', 0, 100)).toBe(5);
    expect(() => limit('a', 0, 1000)).toThrow(expect.objectContaining({ retryAfter: 2 }));
    limit('a', 2000, 1000);
    expect(() => limit('a', 2000)).toThrow(expect.objectContaining({ retryAfter: 99 }));
    expect(passed(limit, 'a', 99_900, 100)).toBe(0);
    expect(passed(limit, 'a', 100_100, 100)).toBe(1);
  });

  it('may send a Bulk at every rate, although its request was already counted', () => {
    for (const rate of [1, 2, 25]) {
      const limit = createRateLimit(rate);
      limit('a', 0);
      expect(() => limit('a', 0, 999)).not.toThrow();
    }
  });

  it('doesn’t use up the limit of another', () => {
    const limit = createRateLimit(10);
    passed(limit, 'a', 0, 100);
    expect(passed(limit, 'b', 0, 100)).toBe(20);
  });

  it('keeps its limit while thousands of others come and go', () => {
    const limit = createRateLimit(10);
    passed(limit, 'a', 10_000, 100);
    for (let index = 0; index < 5000; index++) limit(`other-${index}`, 10_000);
    expect(passed(limit, 'a', 10_000, 100)).toBe(0);
  });

  it('has no limit at rate 0', () => {
    expect(passed(createRateLimit(0), 'a', 0, 10_000)).toBe(10_000);
  });
});
