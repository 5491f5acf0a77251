/** When an integration is looked at again without an event. */
import { expect, it } from 'vitest';
import { nextLookMs } from '../../../src/operator/integration/next-look.ts';

const MINUTE = 60_000;
const look = (contendedMs: number | undefined) =>
  nextLookMs(
    {
      caches: { namespaces: { size: 1 } },
      contentions: { nextLookMs: () => contendedMs },
      now: () => new Date(0),
    },
    'uid',
    {},
  );

it('spreads the regular looks of many integrations over two minutes', () => {
  const looks = Array.from({ length: 1_000 }, () => look(undefined));
  expect(Math.min(...looks)).toBeGreaterThanOrEqual(10 * MINUTE);
  expect(Math.max(...looks)).toBeLessThan(12 * MINUTE);
  expect(new Set(looks.map((each) => Math.floor(each / MINUTE)))).toEqual(new Set([10, 11]));
});

it('looks sooner while something else keeps changing an object', () => {
  expect(look(1_000)).toBe(1_000);
});
