/** Items that are done together, and how long they wait for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Batches } from '../../../../src/directory/postgres/connection/batches.ts';

it('items that wait too long for the others are refused, and are not done later', async () => {
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const begun: string[] = [];
  const perform = async (_: string, items: readonly string[]) => {
    begun.push(...items);
    await isOver;
    return items.map(() => ({ status: 'fulfilled', value: undefined }) as const);
  };
  const batches = new Batches(perform, { isOfOne: () => false, patienceMs: 100 });
  const first = batches.add('acme', 'first');
  await expect.poll(() => begun).toEqual(['first']);
  const second = batches.add('acme', 'second');
  await expect.poll(() => begun).toEqual(['first', 'second']);
  const refused = batches.add('acme', 'refused');
  await expect(refused).rejects.toMatchObject({ status: 503, retryAfter: 5 });
  end();
  await Promise.all([first, second, batches.add('acme', 'third')]);
  expect(begun).toEqual(['first', 'second', 'third']);
});

it('items about the same subject are done in their order, and others do not wait for them', async () => {
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const begun: (readonly string[])[] = [];
  const perform = async (_: string, items: readonly string[]) => {
    begun.push(items);
    await isOver;
    return items.map((value) => ({ status: 'fulfilled', value }) as const);
  };
  const batches = new Batches(perform, {
    isOfOne: () => false,
    subjectOf: (item: string) => item.charAt(0),
  });
  const first = ['a1', 'b1', 'a2', 'a3'].map((item) => batches.add('acme', item));
  await expect.poll(() => begun).toEqual([['a1', 'b1']]);
  const second = ['b2', 'c1'].map((item) => batches.add('acme', item));
  await expect.poll(() => begun).toEqual([['a1', 'b1'], ['c1']]);
  end();
  expect(await Promise.all([...first, ...second])).toEqual(['a1', 'b1', 'a2', 'a3', 'b2', 'c1']);
  expect(begun.slice(2)).toEqual([['a2', 'b2'], ['a3']]);
});

it.each([
  ['gather behind a batch until they are as many as it has', 60_000, [['c', 'd']]],
  ['do not wait long for a batch, however few they are', 5, [['c'], ['d']]],
])('items %s', async (_, gatherMs, next) => {
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const begun: (readonly string[])[] = [];
  const perform = async (__: string, items: readonly string[]) => {
    begun.push(items);
    if (items.includes('a')) await isOver;
    return items.map((value) => ({ status: 'fulfilled', value }) as const);
  };
  const batches = new Batches(perform, { isOfOne: () => false, gatherMs });
  const done = ['a', 'b'].map((item) => batches.add('acme', item));
  await expect.poll(() => begun).toEqual([['a', 'b']]);
  done.push(batches.add('acme', 'c'));
  if (next.length === 1) for (let turn = 0; turn < 3; turn++) await nextTurn();
  else await expect.poll(() => begun).toContainEqual(['c']);
  done.push(batches.add('acme', 'd'));
  await expect.poll(() => begun.slice(1)).toEqual(next);
  end();
  expect(await Promise.all(done)).toEqual(['a', 'b', 'c', 'd']);
});

it('a batch that takes long does not keep the others from being done', async () => {
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const begun: string[] = [];
  const perform = async (_: string, items: readonly string[]) => {
    begun.push(...items);
    if (items.some((item) => item.startsWith('slow'))) await isOver;
    return items.map((value) => ({ status: 'fulfilled', value }) as const);
  };
  const batches = new Batches(perform, { isOfOne: () => false, slowMs: 5 });
  const slow: Promise<string>[] = [];
  for (const item of ['slow 1', 'slow 2']) {
    slow.push(batches.add('acme', item));
    await expect.poll(() => begun).toContain(item);
  }
  expect(await batches.add('acme', 'quick')).toBe('quick');
  end();
  expect(await Promise.all(slow)).toEqual(['slow 1', 'slow 2']);
});
