/** What has expired is deleted in the background, from a real directory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pruning } from '../../src/directory/pruning.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';
import { eventually } from '../support/eventually.ts';
import { ACME, addUser, at } from './contract/fixture.ts';

const PACE = { intervalMs: 1, pauseMs: 1 };

describe('pruning', () => {
  let directory: SqliteDirectory;
  let pruning: Pruning | undefined;
  const errors: unknown[] = [];

  beforeEach(async () => {
    errors.length = 0;
    directory = await useSqlite();
    const users = Array.from({ length: 120 }, (_, n) => addUser(directory.store, ACME, `u${n}`));
    await Promise.all(users);
  });
  afterEach(async () => {
    await pruning?.stop();
    await directory.close();
  });

  const left = async () => {
    const { entries } = await directory.store.activity.list({ tenant: 'acme', limit: 1_000 });
    return entries.length;
  };

  it('deletes slice by slice until nothing is left to delete', async () => {
    const slices: number[] = [];
    const slice = async () => {
      const deleted = await directory.store.activity.prune(at(1));
      slices.push(deleted);
      return deleted;
    };
    pruning = new Pruning([slice], (error) => errors.push(error), PACE);
    pruning.start();
    await eventually(async () => expect(await left()).toBe(0));
    await pruning.stop();
    expect(slices.slice(0, 3)).toEqual([50, 50, 20]);
    expect(errors).toEqual([]);
  });

  it('goes on with the next task, and tries again, after a failure', async () => {
    const failure = new Error('away');
    const failing = () => (errors.length < 2 ? Promise.reject(failure) : Promise.resolve(0));
    const slice = () => directory.store.activity.prune(at(1));
    pruning = new Pruning([failing, slice], (error) => errors.push(error), PACE);
    pruning.start();
    await eventually(async () => expect(await left()).toBe(0));
    await eventually(() => expect(errors).toEqual([failure, failure]));
  });

  it('ends after the slice that is being deleted', async () => {
    let [begun, done] = [0, 0];
    const endless = async () => {
      begun++;
      await directory.store.ping();
      done++;
      return 1;
    };
    pruning = new Pruning([endless], (error) => errors.push(error), PACE);
    pruning.start();
    await eventually(() => expect(begun).toBeGreaterThan(2));
    await pruning.stop();
    expect(done).toBe(begun);
    const before = begun;
    await directory.store.ping();
    expect(begun).toBe(before);
  });

  it('may be stopped before it deletes anything', async () => {
    pruning = new Pruning([() => directory.store.activity.prune(at(1))], () => undefined);
    pruning.start();
    await pruning.stop();
    expect(await left()).toBe(120);
  });
});
