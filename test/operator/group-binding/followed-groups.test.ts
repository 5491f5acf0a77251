import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MembershipBasis } from '../../../src/directory/store/followed-groups.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { keyText, type ObjectKey } from '../../../src/kube/resource.ts';
import {
  FollowedGroups,
  followUntil,
} from '../../../src/operator/group-binding/followed-groups.ts';
import { captureLog } from '../../support/captured-log.ts';

const STAFF = { displayName: 'Staff' };
const ONE = { namespace: 'acme', name: 'one' };
const TWO = { namespace: 'acme', name: 'two' };
const basis = (version: number): MembershipBasis => ({
  found: ['g'],
  versions: { g: version },
  userChanges: 0,
});

/** A directory with one group, whose version a test sets. With undefined, it can't be read. */
function directoryOf(version: number | undefined) {
  const state = { version };
  const bases: Store['memberships']['bases'] = async (followed) => {
    const { version: now } = state;
    if (now === undefined) throw new Error('away');
    return followed.map(() => basis(now));
  };
  return { state, store: { memberships: { bases } } as unknown as Store };
}

describe('followed groups', () => {
  it('report each change once, and none of a forgotten binding', async () => {
    const { state, store } = directoryOf(1);
    const groups = new FollowedGroups();
    groups.note(ONE, 'acme', STAFF, basis(1));
    groups.note(TWO, 'acme', STAFF, basis(0));
    expect(await groups.changed(store)).toEqual([TWO]);
    expect(await groups.changed(store)).toEqual([]);
    state.version = 2;
    groups.forget(TWO);
    expect(await groups.changed(store)).toEqual([ONE]);
  });

  it('leave a binding that was read during a poll to the next poll', async () => {
    const { store } = directoryOf(2);
    const groups = new FollowedGroups();
    groups.note(ONE, 'acme', STAFF, basis(1));
    const looking = groups.changed(store);
    groups.note(ONE, 'acme', STAFF, basis(1));
    expect(await looking).toEqual([]);
    expect(await groups.changed(store)).toEqual([ONE]);
  });
});

describe('following', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('enqueues every binding once during a long outage of the directory, and once after it', async () => {
    const { state, store } = directoryOf(1);
    const groups = new FollowedGroups();
    groups.note(ONE, 'acme', STAFF, basis(1));
    groups.note(TWO, 'acme', STAFF, basis(1));
    const enqueued: string[] = [];
    const controller = { enqueue: (key: ObjectKey) => enqueued.push(keyText(key)) };
    const { log, lines } = captureLog();
    const stop = new AbortController();
    const done = followUntil(stop.signal, groups, store, controller, log);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(enqueued).toEqual([]);

    state.version = undefined;
    await vi.advanceTimersByTimeAsync(3_000);
    state.version = 1;
    await vi.advanceTimersByTimeAsync(3_000);
    state.version = undefined;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(enqueued).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(enqueued.splice(0)).toEqual(['acme/one', 'acme/two']);
    state.version = 1;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(enqueued.splice(0)).toEqual(['acme/one', 'acme/two']);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', expect.stringMatching(/could not be followed/)],
      ['info', expect.stringMatching(/followed again/)],
    ]);

    state.version = 2;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(enqueued).toEqual(['acme/one', 'acme/two']);
    stop.abort();
    await done;
  });
});
