/** The members that joined and left by several changes of one request. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combined } from '../../../../src/directory/sql/log/change.ts';

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('add', 'remove'),
    ids: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')),
  }),
  { maxLength: 4 },
);

it('are those who are members afterwards and not before, and the other way round', () => {
  fc.assert(
    fc.property(fc.subarray(['a', 'b', 'c', 'd']), steps, (before, changes) => {
      const members = new Set(before);
      const moves = changes.map(({ kind, ids }) => {
        const moved = ids.filter((id) => members.has(id) === (kind === 'remove'));
        for (const id of moved) kind === 'add' ? members.add(id) : members.delete(id);
        return kind === 'add' ? { added: moved, removed: [] } : { added: [], removed: moved };
      });
      const { added, removed } = combined(moves);
      expect(added.toSorted()).toEqual([...members].filter((id) => !before.includes(id)).sort());
      expect(removed.toSorted()).toEqual(before.filter((id) => !members.has(id)).sort());
    }),
  );
});
