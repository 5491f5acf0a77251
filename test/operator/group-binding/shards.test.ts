import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  planShards,
  type Shard,
  type ShardPlan,
} from '../../../src/operator/group-binding/shards.ts';

const SIZE = 4;
const plan = (existing: readonly Shard[], wanted: readonly string[], size = SIZE) =>
  planShards(existing, wanted, size);
const steps = ({ removals, additions, moves }: ShardPlan) => [...removals, ...additions, ...moves];

const after = (shards: readonly Shard[], { index, subjects }: Shard): readonly Shard[] => {
  const others = shards.filter((each) => each.index !== index);
  return subjects.length === 0 ? others : [...others, { index, subjects }];
};
const subjectsIn = (shards: readonly Shard[]) =>
  new Set(shards.flatMap(({ subjects }) => subjects));
const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => `u${String(n + from).padStart(5, '0')}`);

const name = fc.integer({ min: 0, max: 30 }).map((n) => `u${n}`);
const wantedNames = fc.uniqueArray(name, { maxLength: 25 });
/**
 * Any initial state, such as too many subjects in a shard, duplicates, and gaps between the
 * indexes.
 */
const anyShards = fc.uniqueArray(
  fc.record({
    index: fc.integer({ min: 0, max: 12 }),
    subjects: fc.array(name, { maxLength: 7 }),
    isDrifted: fc.boolean(),
  }),
  { selector: ({ index }) => index, maxLength: 8 },
);

describe('the plan of shards', () => {
  it('gives the role once to everybody who should have it, in shards within the limit', () => {
    fc.assert(
      fc.property(anyShards, wantedNames, (existing, wanted) => {
        const planned = plan(existing, wanted);
        const done = steps(planned).reduce<readonly Shard[]>(after, existing);
        expect(done.flatMap(({ subjects }) => subjects).toSorted()).toEqual(wanted.toSorted());
        for (const { subjects } of done) {
          expect(subjects.length).toBeLessThanOrEqual(SIZE);
          expect(subjects.length).toBeGreaterThan(0);
        }
        expect(steps(plan(done, wanted))).toEqual([]);
      }),
    );
  });

  it('revokes everything with its removals alone, and never interrupts the role of users who keep it', () => {
    fc.assert(
      fc.property(anyShards, wantedNames, (existing, wanted) => {
        const planned = plan(existing, wanted);
        const had = subjectsIn(existing);
        const keep = wanted.filter((each) => had.has(each));
        let shards: readonly Shard[] = existing;
        for (const step of steps(planned)) {
          shards = after(shards, step);
          const now = subjectsIn(shards);
          expect(keep.filter((each) => !now.has(each))).toEqual([]);
        }
        const revoked = subjectsIn(planned.removals.reduce<readonly Shard[]>(after, existing));
        expect([...revoked].filter((each) => !keep.includes(each))).toEqual([]);
      }),
    );
  });

  it('writes a single shard for a member who joins or leaves', () => {
    const everybody = names(2_500);
    const existing = steps(plan([], everybody, 1_000));
    expect(existing.map(({ index, subjects }) => [index, subjects.length])).toEqual([
      [0, 1_000],
      [1, 1_000],
      [2, 500],
    ]);
    const more = plan(existing, [...everybody, 'a-first-in-order'], 1_000);
    expect(steps(more).map(({ index, subjects }) => [index, subjects.length])).toEqual([[2, 501]]);
    const less = plan(existing, everybody.toSpliced(10, 1), 1_000);
    expect(less).toEqual({
      removals: [{ index: 0, subjects: everybody.slice(0, 1_000).toSpliced(10, 1) }],
      additions: [],
      moves: [],
    });
  });

  it('revokes before it grants, even in a single shard', () => {
    const existing = [{ index: 0, subjects: ['a', 'b', 'c', 'd'] }];
    expect(plan(existing, ['a', 'b', 'c', 'e'])).toEqual({
      removals: [{ index: 0, subjects: ['a', 'b', 'c'] }],
      additions: [{ index: 0, subjects: ['a', 'b', 'c', 'e'] }],
      moves: [],
    });
  });

  it('merges shards only if that saves one', () => {
    const twoOfFive = [
      { index: 0, subjects: ['a'] },
      { index: 3, subjects: ['b', 'c'] },
    ];
    expect(plan(twoOfFive, ['a', 'b', 'c'])).toEqual({ removals: [], additions: [], moves: [] });
    expect(plan(twoOfFive, ['a', 'b'])).toEqual({
      removals: [{ index: 3, subjects: ['b'] }],
      additions: [{ index: 0, subjects: ['a', 'b'] }],
      moves: [{ index: 3, subjects: [] }],
    });
  });

  it('corrects a drifted shard even if its subjects are right', () => {
    const drifted = [{ index: 0, subjects: ['a', 'b'], isDrifted: true }];
    expect(plan(drifted, ['a', 'b']).removals).toEqual([{ index: 0, subjects: ['a', 'b'] }]);
  });

  it('leaves no shard for a group without members', () => {
    const existing = [
      { index: 0, subjects: ['a'] },
      { index: 7, subjects: [] },
    ];
    expect(steps(plan(existing, []))).toEqual([
      { index: 0, subjects: [] },
      { index: 7, subjects: [] },
    ]);
  });
});
