/**
 * Sorts ids in parts. Rows that are added in the order of an index need each of its pages once. In
 * any other order, the pages of 250,000 members are written to the log again and again, because they
 * don't fit into the cache.
 */
import { inSlices, MEMBERS_AT_ONCE } from '../../../scim/member-lists.ts';

/** Yields after each part. So few that are added at once are left as they are. */
export function* inOrder(ids: readonly string[]): Generator<void, readonly string[]> {
  if (ids.length <= MEMBERS_AT_ONCE) return ids;
  let runs: (readonly string[])[] = [];
  for (const slice of inSlices(ids)) {
    runs.push(slice.toSorted());
    yield;
  }
  while (runs.length > 1) {
    const longer: (readonly string[])[] = [];
    for (let n = 0; n < runs.length; n += 2)
      longer.push(yield* merged(runs[n] ?? [], runs[n + 1] ?? []));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merged(
  left: readonly string[],
  right: readonly string[],
): Generator<void, readonly string[]> {
  const all: string[] = [];
  let [l, r] = [0, 0];
  // What is in order already needs no comparison.
  while (l < left.length && r < right.length && (left.at(-1) ?? '') > (right[r] ?? '')) {
    const [a = '', b = ''] = [left[l], right[r]];
    if (a <= b) l++;
    else r++;
    if (all.push(a <= b ? a : b) % MEMBERS_AT_ONCE === 0) yield;
  }
  return all.concat(left.slice(l), right.slice(r));
}
