import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inOrder } from '../../../src/directory/sqlite/writes/in-order.ts';

/** The result, and how often others were served. */
function run(ids: readonly string[]): {
  readonly result: readonly string[];
  readonly turns: number;
} {
  const steps = inOrder(ids);
  let turns = 0;
  let next = steps.next();
  for (; !next.done; next = steps.next()) turns++;
  return { result: next.value, turns };
}

it('many ids are sorted, whatever their order was', () => {
  const one = fc.oneof(fc.uuid(), fc.constantFrom('', 'a', 'b'));
  fc.assert(
    fc.property(fc.array(one, { minLength: 10, maxLength: 50 }), fc.nat(3_000), (some, more) => {
      const ids = Array.from(
        { length: 1_001 + more },
        (_, n) => `${some[n % some.length]}${n % 7}`,
      );
      expect(run(ids).result).toEqual(ids.toSorted());
      expect(run(ids.toReversed()).result).toEqual(ids.toSorted());
    }),
    { numRuns: 30 },
  );
});

it('others are served while many ids are sorted, more often if they are in another order', () => {
  const ids = Array.from({ length: 50_000 }, (_, n) => String(n).padStart(6, '0'));
  expect(run(ids)).toEqual({ result: ids, turns: 50 });
  expect(run(ids.toReversed()).result).toEqual(ids);
  const mixed = ids.map((_, n) => ids[(n * 7_919) % ids.length] ?? '');
  const { result, turns } = run(mixed);
  expect(result).toEqual(ids);
  expect(turns).toBeGreaterThan(250);
});
