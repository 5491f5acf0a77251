/** Requests are served in turn, and those that would wait for too long are refused. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RequestQueue } from '../../src/http/request-queue.ts';
import {
  MAX_AT_ONCE,
  MAX_AT_ONCE_OF_CALLER,
  MAX_QUEUE,
  MAX_QUEUE_MS,
  MAX_WAIT_MS,
  MIN_QUEUE,
} from '../../src/scim/limits.ts';

/** A request is begun within so many milliseconds. */
function queueAt(start = 0, costMs = 0) {
  let now = start;
  const queue = new RequestQueue(() => now);
  /** The callers in the order in which their requests were begun. */
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const refused: string[] = [];
  return {
    begun,
    refused,
    hasOthers: (caller: string) => queue.hasOthers(caller),
    pass: (ms: number) => {
      now += ms;
    },
    /** Returns how many of the requests were accepted. */
    send: (caller: string, count: number, isGone = false) =>
      Array.from({ length: count }, () =>
        queue.enter(caller, {
          arrivedAt: now,
          isGone: () => isGone,
          refuse: () => refused.push(caller),
          serve: () => {
            begun.push(caller);
            now += costMs;
            return new Promise<void>((resolve) => ends.push(resolve));
          },
        }),
      ).filter(Boolean).length,
    /** Ends requests that were begun, the oldest first. */
    end: (count: number) => {
      for (const end of ends.splice(0, count)) end();
    },
    settle: async () => {
      for (let turn = 0; turn < 5; turn++) await setImmediate();
    },
  };
}

it('a caller gets a part of the places, and another one gets the next', async () => {
  const { send, settle, begun, end } = queueAt();
  send('a', 300);
  await settle();
  expect(begun).toHaveLength(MAX_AT_ONCE_OF_CALLER);
  send('b', 2);
  await settle();
  expect(begun.slice(MAX_AT_ONCE_OF_CALLER)).toEqual(['b', 'b']);
  send('c', 300);
  await settle();
  expect(begun).toHaveLength(MAX_AT_ONCE);
  end(10);
  await settle();
  expect(begun).toHaveLength(MAX_AT_ONCE + 10);
  expect(begun.slice(-4).sort()).toEqual(['a', 'a', 'c', 'c']);
});

it.each([
  [1, 5],
  [20, 20],
  [1_000, 25],
])(
  'after %d ms for reading and refusing others, requests are begun for %d ms',
  async (ms, begins) => {
    const { send, pass, begun } = queueAt(0, 1);
    send('a', 60);
    pass(ms);
    await setImmediate();
    expect(begun).toHaveLength(begins);
  },
);

it('a burst and a slow machine are no reason to refuse', async () => {
  const { send, settle, pass } = queueAt();
  expect(send('a', 1_000)).toBe(1_000);
  const slow = queueAt();
  slow.send('a', MAX_AT_ONCE_OF_CALLER);
  await slow.settle();
  expect(slow.send('a', MIN_QUEUE - 1)).toBe(MIN_QUEUE - 1);
  slow.pass(900);
  expect(slow.send('a', 1)).toBe(1);
  pass(MAX_QUEUE_MS);
  expect(send('a', 1)).toBe(1);
  await settle();
});

it('the caller whose requests wait for too long is refused more, and nobody else is', async () => {
  const { send, settle, pass, end, hasOthers } = queueAt();
  send('a', MAX_AT_ONCE_OF_CALLER + MIN_QUEUE);
  await settle();
  pass(MAX_QUEUE_MS + 1);
  expect(send('a', 10)).toBe(0);
  expect(hasOthers('a')).toBe(false);
  expect(send('b', 10)).toBe(10);
  expect(hasOthers('a')).toBe(true);
  end(MAX_AT_ONCE_OF_CALLER);
  await settle();
  expect(send('a', 10)).toBe(10);
});

it('what has waited for too long after a burst is refused, until few are waiting', async () => {
  const { send, settle, pass, begun, refused, end } = queueAt();
  send('a', MAX_AT_ONCE_OF_CALLER + MIN_QUEUE + 30);
  await settle();
  pass(MAX_WAIT_MS + 1);
  send('b', 2);
  end(1);
  await settle();
  expect(refused).toEqual(Array.from({ length: 30 }, () => 'a'));
  expect(begun.slice(MAX_AT_ONCE_OF_CALLER).toSorted()).toEqual(['a', 'b', 'b']);
});

it('after that, the caller has only so many waiting, and others have more', async () => {
  const { send, settle, pass, refused, end } = queueAt();
  send('a', MAX_AT_ONCE_OF_CALLER + MIN_QUEUE + 1);
  await settle();
  pass(MAX_WAIT_MS + 1);
  end(1);
  await settle();
  expect(refused).toEqual(['a']);
  end(MAX_AT_ONCE_OF_CALLER);
  send('a', 1);
  await settle();
  expect(send('a', 1_000)).toBe(MAX_QUEUE);
  expect(send('b', 1_000)).toBe(1_000);
});

it('requests that take long give their places away', async () => {
  const { send, settle, begun, pass } = queueAt();
  send('a', MAX_AT_ONCE_OF_CALLER + 10);
  await settle();
  expect(begun).toHaveLength(MAX_AT_ONCE_OF_CALLER);
  pass(1_001);
  send('b', 1);
  await settle();
  expect(begun).toHaveLength(MAX_AT_ONCE_OF_CALLER + 11);
});

it('a request whose client has gone is not begun', async () => {
  const { send, settle, begun } = queueAt();
  send('a', 3, true);
  send('a', 1);
  await settle();
  expect(begun).toEqual(['a']);
});

it('the responses of a turn wait until all of its requests were begun', async () => {
  const queue = new RequestQueue(() => 0);
  const seen: string[] = [];
  const send = (name: string) =>
    queue.enter('a', {
      arrivedAt: 0,
      isGone: () => false,
      refuse: () => seen.push(`${name} is refused`),
      serve: () => {
        seen.push(`${name} is begun`);
        return queue.turn.then(() => seen.push(`${name} is sent`));
      },
    });
  send('first');
  send('second');
  await setImmediate();
  send('third');
  await setImmediate();
  expect(seen).toEqual([
    ...['first is begun', 'second is begun', 'first is sent', 'second is sent'],
    ...['third is begun', 'third is sent'],
  ]);
});
