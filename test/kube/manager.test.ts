import { afterEach, describe, expect, it } from 'vitest';
import { Controller } from '../../src/kube/controller.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { Manager, type WatchLoop } from '../../src/kube/manager.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';

/** A watch that is synced when the test says so. */
function watchLoop(): WatchLoop & {
  sync: () => void;
  restore: () => void;
  stuckFor?: string;
  refusedFor?: string;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listeners = new Set<() => void>();
  return {
    synced: promise,
    isSynced: false,
    sync() {
      Object.assign(this, { isSynced: true });
      resolve();
    },
    run: (signal) =>
      new Promise((done) => {
        signal.addEventListener('abort', () => done());
      }),
    stuck() {
      return this.stuckFor;
    },
    refusal() {
      return this.refusedFor;
    },
    onRestored(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restore() {
      for (const listener of listeners) listener();
    },
  };
}

function controllerOf(reconciled: string[]): Controller {
  return new Controller({
    name: 'test',
    log: captureLog().log,
    reconcile: async ({ name }) => {
      reconciled.push(name);
      return {};
    },
  });
}

let manager: Manager | undefined;
let stop = new AbortController();
afterEach(async () => {
  stop.abort();
  stop = new AbortController();
  await manager?.stop();
});

describe('a manager', () => {
  it('starts controllers once every watch has a complete list', async () => {
    const [first, second] = [watchLoop(), watchLoop()];
    const reconciled: string[] = [];
    const controller = controllerOf(reconciled);
    manager = new Manager([first, second]);
    controller.enqueue({ name: 'early' });
    manager.start();
    void manager.control([controller], stop.signal);
    first.sync();
    await first.synced;
    await new Promise(setImmediate);
    expect([manager.synced, reconciled]).toEqual([false, []]);
    second.sync();
    await eventually(() => expect(reconciled).toEqual(['early']));
    expect(manager.synced).toBe(true);
  });

  it('stops even if a watch never got a list, and reconciles nothing then', async () => {
    const reconciled: string[] = [];
    const controller = controllerOf(reconciled);
    manager = new Manager([watchLoop()]);
    controller.enqueue({ name: 'never' });
    manager.start();
    const controlling = manager.control([controller], stop.signal);
    stop.abort();
    await controlling;
    await manager.stop();
    expect(reconciled).toEqual([]);
  });

  it('retries what failed as soon as a watch is restored, but not after it has stopped', async () => {
    const loop = watchLoop();
    const attempts: string[] = [];
    const controller = new Controller({
      name: 'failing',
      log: captureLog().log,
      reconcile: async ({ name }) => {
        attempts.push(name);
        // The test doesn't wait this long.
        throw new ApiError(429, 'busy', { retryAfterMs: 50_000 });
      },
    });
    manager = new Manager([loop]);
    manager.start();
    loop.sync();
    const controlling = manager.control([controller], stop.signal);
    controller.enqueue({ name: 'a' });
    await eventually(() => expect(attempts).toEqual(['a']));
    await new Promise(setImmediate);
    loop.restore();
    await eventually(() => expect(attempts).toEqual(['a', 'a']));
    stop.abort();
    await controlling;
    loop.restore();
    await new Promise(setImmediate);
    expect(attempts).toEqual(['a', 'a']);
  });

  it('names the loop that is stuck', () => {
    const loop = watchLoop();
    manager = new Manager([watchLoop(), loop]);
    manager.start();
    expect(manager.stuck()).toBeUndefined();
    loop.stuckFor = 'the watch of secrets has not moved';
    expect(manager.stuck()).toBe('the watch of secrets has not moved');
  });

  it('is ready if every watch has a list and none is refused', async () => {
    const [first, second] = [watchLoop(), watchLoop()];
    manager = new Manager([first, second]);
    expect(manager.unready()).toBe('the first lists are not complete yet');
    first.sync();
    second.sync();
    expect(manager.unready()).toBeUndefined();
    second.refusedFor = 'secrets can not be watched';
    expect(manager.unready()).toBe('secrets can not be watched');
  });
});
