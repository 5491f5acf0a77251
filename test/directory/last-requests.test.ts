import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestTracker } from '../../src/directory/last-requests.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';
import { at, integration, token } from './contract/fixture.ts';

describe('the request tracker', () => {
  let directory: SqliteDirectory;
  const errors: unknown[] = [];

  beforeEach(async () => {
    errors.length = 0;
    directory = await useSqlite();
    await directory.store.integrations.put(integration());
  });
  afterEach(() => directory.close());

  const activity = () => directory.store.integrations.activity('okta');
  const lastRequest = async () => (await activity()).lastRequestAt;

  it('writes the latest request of each integration and token when it is flushed', async () => {
    await directory.store.tokens.add(token());
    await directory.store.tokens.add(token({ hash: 'next', keyId: 'next' }));
    const tracker = new RequestTracker(directory.store, (error) => errors.push(error));
    tracker.note('okta', 'next', at(1));
    tracker.note('okta', 'next', at(3));
    tracker.note('okta', 'keyidkeyid', at(2));
    expect(await lastRequest()).toBeUndefined();
    await tracker.flush();
    expect(await lastRequest()).toBe(at(3));
    expect(Object.fromEntries((await activity()).tokenUses)).toEqual({
      next: at(3),
      keyidkeyid: at(2),
    });
    await tracker.flush();
    expect(errors).toEqual([]);
  });

  it('keeps what could not be written for the next time, and reports the failure', async () => {
    const { store } = directory;
    let away = true;
    const integrations = {
      ...store.integrations,
      touch: (requests: ReadonlyMap<string, number>) =>
        away ? Promise.reject(new Error('away')) : store.integrations.touch(requests),
    };
    const tracker = new RequestTracker({ ...store, integrations }, (error) => errors.push(error));
    tracker.note('okta', 'keyidkeyid', at(1));
    await tracker.flush();
    expect(errors).toEqual([new Error('away')]);
    away = false;
    await tracker.flush();
    expect(await lastRequest()).toBe(at(1));
  });
});
