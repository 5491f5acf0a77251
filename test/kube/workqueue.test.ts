import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { Workqueue } from '../../src/kube/workqueue.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const newQueue = (options: { random?: () => number } = {}) =>
  new Workqueue({ name: 'test', random: () => 1, ...options });

/** Takes and finishes all available keys, and returns them in order. */
async function drain(queue: Workqueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.take();
    if (key === undefined) break;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('a workqueue', () => {
  it('returns each key once in the order of arrival, however often it was added', async () => {
    const queue = newQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.depth).toBe(3);
    expect(await drain(queue)).toEqual(['a', 'b', 'c']);
  });

  it('returns a key again that was added while in progress, but only when that is done', async () => {
    const queue = newQueue();
    queue.add('a');
    expect(await queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
  });

  it('wakes the first waiter first', async () => {
    const queue = newQueue();
    const [first, second] = [queue.take(), queue.take()];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });

  it('doubles the delay after each failure up to the maximum, and can forget it', async () => {
    const queue = newQueue();
    const waits: number[] = [];
    for (let failure = 0; failure < 11; failure++) {
      queue.addRateLimited('a');
      const before = Date.now();
      while (queue.depth === 0) await vi.advanceTimersToNextTimerAsync();
      waits.push((Date.now() - before) / 1000);
      await drain(queue);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    queue.forget('a');
    queue.addRateLimited('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(queue.depth).toBe(1);
  });

  it("spreads the delays, so that keys that failed together don't return together", () => {
    const early = newQueue({ random: () => 0 });
    early.addRateLimited('a');
    vi.advanceTimersByTime(799);
    expect(early.depth).toBe(0);
    vi.advanceTimersByTime(1);
    expect(early.depth).toBe(1);
  });

  it('keeps the shortest of several delays', () => {
    const queue = newQueue();
    queue.addAfter('a', 5_000);
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 9_000);
    vi.advanceTimersByTime(1_000);
    expect(queue.depth).toBe(1);
  });

  it('adds thousands of keys each in its time, with one timer', async () => {
    const queue = newQueue();
    const delays = Array.from({ length: 5_000 }, (_, index) => ((index * 7_919) % 5_000) + 1);
    for (const [index, delay] of delays.entries()) {
      queue.addAfter(`key-${index}`, delay + 10_000);
      queue.addAfter(`key-${index}`, delay);
    }
    expect(vi.getTimerCount()).toBe(1);
    const order = delays.map((delay, index) => ({ delay, key: `key-${index}` }));
    order.sort((a, b) => a.delay - b.delay);
    vi.advanceTimersByTime(2_500);
    expect(await drain(queue)).toEqual(order.slice(0, 2_500).map(({ key }) => key));
    vi.advanceTimersByTime(2_500);
    expect(await drain(queue)).toEqual(order.slice(2_500).map(({ key }) => key));
    vi.advanceTimersByTime(20_000);
    expect([queue.depth, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('supports a delay of months, which is too long for a timer', () => {
    const queue = newQueue();
    queue.addAfter('a', 90 * 86_400_000);
    vi.advanceTimersByTime(89 * 86_400_000);
    expect(queue.depth).toBe(0);
    vi.advanceTimersByTime(90 * 86_400_000);
    expect(queue.depth).toBe(1);
  });

  it.each([Number.NaN, -1])('adds a key at once whose delay is %d', async (delay) => {
    const queue = newQueue();
    queue.addAfter('a', delay);
    await vi.advanceTimersByTimeAsync(1);
    expect(await drain(queue)).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends all waiting when it closes, and accepts no more keys', async () => {
    const queue = newQueue();
    const waiting = queue.take();
    queue.addAfter('b', 1_000);
    queue.close();
    queue.add('a');
    expect(await waiting).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps the order of thousands of keys while it compacts itself', async () => {
    const queue = newQueue();
    const keys = Array.from({ length: 5_000 }, (_, index) => `key-${index}`);
    for (const key of keys) queue.add(key);
    expect(await drain(queue)).toEqual(keys);
  });

  it('exports depth, adds, retries and work in progress under the names of client-go', async () => {
    const registry = new Registry();
    const queue = new Workqueue({ name: 'q', metrics: createKubeMetrics(registry) });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await queue.take();
    vi.advanceTimersByTime(2_000);
    queue.addRateLimited('d');
    const text = await registry.metrics();
    expect(text).toContain('workqueue_depth{name="q",controller="q"} 2');
    expect(text).toContain('workqueue_adds_total{name="q",controller="q"} 3');
    expect(text).toContain('workqueue_retries_total{name="q",controller="q"} 1');
    expect(text).toContain('workqueue_unfinished_work_seconds{name="q",controller="q"} 2');
    expect(text).toContain(
      'workqueue_longest_running_processor_seconds{name="q",controller="q"} 2',
    );
    expect(text).toContain('workqueue_queue_duration_seconds_count{name="q",controller="q"} 1');
    queue.done('a');
    expect(await registry.metrics()).toContain(
      'workqueue_work_duration_seconds_sum{name="q",controller="q"} 2',
    );
  });
});

describe('for any sequence of workers and events,', () => {
  const KEYS = ['a', 'b', 'c'];
  const keyed = fc.record({
    act: fc.constantFrom('add' as const, 'later' as const, 'retry' as const, 'done' as const),
    key: fc.constantFrom(...KEYS),
  });
  const step = fc.oneof(
    keyed,
    fc.record({ act: fc.constantFrom('take' as const, 'time' as const), key: fc.constant('') }),
  );

  /** A queue, and what its users know about it. */
  function watched() {
    const queue = newQueue();
    const inWork = new Set<string>();
    /** Keys that changed after a worker last took them. */
    const unseen = new Set<string>();
    const changed = (add: (key: string) => void) => (key: string) => {
      unseen.add(key);
      add(key);
    };
    const acts = {
      add: changed((key) => queue.add(key)),
      later: changed((key) => queue.addAfter(key, 10)),
      retry: changed((key) => queue.addRateLimited(key)),
      time: () => vi.advanceTimersByTimeAsync(10),
      take: async () => {
        const key = queue.depth > 0 ? await queue.take() : undefined;
        if (key === undefined) return;
        expect(inWork.has(key)).toBe(false);
        inWork.add(key);
        unseen.delete(key);
      },
      done: (key: string) => {
        queue.done(key);
        inWork.delete(key);
      },
    };
    const finish = async () => {
      for (const key of inWork) queue.done(key);
      await vi.advanceTimersByTimeAsync(300_000);
      for (const key of await drain(queue)) unseen.delete(key);
      return [...unseen];
    };
    return { acts, finish };
  }

  it('no key is in progress twice at once, and no added key is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { acts, finish } = watched();
        for (const { act, key } of steps) await acts[act](key);
        expect(await finish()).toEqual([]);
      }),
    );
  });
});
