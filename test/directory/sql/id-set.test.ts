import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/directory/ids.ts';
import { IdSet, slotOf } from '../../../src/directory/sql/id-set.ts';

describe('a set of ids', () => {
  it('has what a set has, whatever the ids are and however many were expected', () => {
    const ids = fc.array(fc.oneof(fc.constantFrom('', 'a', 'ab'), fc.string({ unit: 'binary' })));
    fc.assert(
      fc.property(ids, ids, fc.nat(5_000), (added, deleted, expected) => {
        const set = new IdSet(expected);
        const known = new Set(added);
        for (const id of added) set.add(id);
        expect(set.size).toBe(known.size);
        for (const id of deleted) expect(set.delete(id)).toBe(known.delete(id));
        expect(set.size).toBe(known.size);
      }),
    );
  });

  it('gives back those that were in it in the order that is asked for, each once', () => {
    const ids = Array.from({ length: 5_000 }, newId);
    const set = new IdSet(ids.length);
    for (const id of ids.slice(0, 4_000)) set.add(id);
    const asked = [...ids.toReversed(), ...ids];
    expect(set.deleteAll(asked)).toEqual(ids.slice(0, 4_000).toReversed());
    expect(set.size).toBe(0);
  });

  const same = '0'.repeat(32);
  it.each<[string, (varying: string) => string]>([
    ['begin', (varying) => `${same}${varying}`],
    ['end', (varying) => `${varying}${same}`],
    ['begin and end', (varying) => `${same}${varying}${same}`],
  ])('is in small parts, even if all ids %s alike', (_, idWith) => {
    const counts = new Map<number, number>();
    for (let n = 0; n < 20_000; n++) {
      const slot = slotOf(idWith(n.toString(36).padStart(4, '0')), 20);
      counts.set(slot, (counts.get(slot) ?? 0) + 1);
    }
    expect(Math.max(...counts.values())).toBeLessThan(5_000);
  });

  it('is in small parts, even if the ids are made of halves that any factor adds up alike', () => {
    const thueMorse = (depth: number, first: string, second: string): string =>
      depth === 0
        ? first
        : thueMorse(depth - 1, first, second) + thueMorse(depth - 1, second, first);
    const halves = [thueMorse(7, 'a', 'b'), thueMorse(7, 'b', 'a')];
    const slots = new Set<number>();
    for (let n = 0; n < 1_024; n++) {
      const bits = n.toString(2).padStart(10, '0');
      slots.add(
        slotOf(
          bits.replace(/./g, (bit) => halves[Number(bit)] ?? ''),
          64,
        ),
      );
    }
    expect(slots.size).toBeGreaterThan(32);
  });
});
