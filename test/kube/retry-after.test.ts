import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/kube/errors.ts';
import { pauseAskedBy, readRetryAfter } from '../../src/kube/retry-after.ts';

describe('Retry-After', () => {
  it.each([
    ['the header', '7', undefined, 7_000],
    ['the Status, without a header', undefined, 5, 5_000],
    ['the header rather than the Status', '7', 5, 7_000],
    ['neither', undefined, undefined, undefined],
    ['a date, which the API server never sends', 'Fri, 31 Dec 2027 23:59:59 GMT', 5, undefined],
    ['several headers', ['7', '8'], 5, 5_000],
  ])('is read from %s', (_, header, seconds, milliseconds) => {
    expect(readRetryAfter(header, seconds)).toBe(milliseconds);
  });

  it.each([
    ['as requested', new ApiError(429, 'busy', { retryAfterMs: 20_000 }), 20_000],
    ['for up to a minute', new ApiError(429, 'busy', { retryAfterMs: 86_400_000 }), 60_000],
    ['only if it was sent', new ApiError(500, 'no'), 0],
    ['only in errors of the API', new Error('no'), 0],
  ])('is heeded %s', (_, error, milliseconds) => {
    expect(pauseAskedBy(error)).toBe(milliseconds);
  });
});
