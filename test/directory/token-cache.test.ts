/** Which look-ups of tokens the directory remembers, and what makes it forget them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/directory/store/store.ts';
import { withTokenCache } from '../../src/directory/token-cache.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';
import { at, integration, token } from './contract/fixture.ts';

let directory: SqliteDirectory;
beforeEach(async () => {
  directory = await useSqlite();
});
afterEach(() => directory.close());

/**
 * A directory with an integration, and the number of look-ups that reached its database. Each of
 * them ends after `database`, as on PostgreSQL, if that is given.
 */
async function open(database?: Promise<void>) {
  const plain = directory.store;
  await plain.integrations.put(integration());
  await plain.tokens.add(token());
  let lookups = 0;
  let now = 1_000;
  const counting: Store = {
    ...plain,
    tokens: {
      ...plain.tokens,
      authenticate: (...given) => {
        lookups++;
        const found = plain.tokens.authenticate(...given);
        return database === undefined ? found : database.then(() => found);
      },
    },
  };
  const store = withTokenCache(counting, () => now);
  const { hash, integrationId } = token();
  return {
    plain,
    store,
    lookUp: (time = at(1)) => store.tokens.authenticate('acme', integrationId, hash, time),
    lookups: () => lookups,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('the look-up of a token', () => {
  it('is remembered for half a second', async () => {
    const { plain, lookUp, lookups, pass } = await open();
    const found = await lookUp();
    expect(found).toMatchObject({ integration: { id: 'okta', enabled: true } });
    expect(await lookUp()).toEqual(found);
    expect(lookups()).toBe(1);
    // As another process would.
    await plain.integrations.put(integration({ enabled: false }));
    pass(499);
    expect(await lookUp()).toEqual(found);
    pass(1);
    expect(await lookUp()).toMatchObject({ integration: { enabled: false } });
    await plain.tokens.revokeAll('okta');
    pass(500);
    expect(await lookUp()).toBeUndefined();
  });

  it('is not remembered if nothing was found', async () => {
    const { plain, store } = await open();
    const other = token({ hash: 'f'.repeat(64), keyId: 'other' });
    const lookUp = () => store.tokens.authenticate('acme', 'okta', other.hash, at(1));
    expect(await lookUp()).toBeUndefined();
    await plain.tokens.add(other);
    expect(await lookUp()).toMatchObject({ keyId: 'other' });
  });

  it('finds nothing for another tenant or another integration', async () => {
    const { store, lookUp } = await open();
    await lookUp();
    const { hash } = token();
    expect(await store.tokens.authenticate('globex', 'okta', hash, at(1))).toBeUndefined();
    expect(await store.tokens.authenticate('acme', 'entra', hash, at(1))).toBeUndefined();
  });

  it('ends exactly when the token does', async () => {
    const { store, lookUp } = await open();
    const previous = { hash: token().hash, expiresAt: at(2) };
    await store.tokens.keepOnly(token({ hash: 'f'.repeat(64), keyId: 'next' }), previous);
    expect(await lookUp(at(2) - 1)).toBeDefined();
    expect(await lookUp(at(2) - 1)).toBeDefined();
    expect(await lookUp(at(2))).toBeUndefined();
  });

  it.each<[string, (store: Store) => Promise<unknown>, object | undefined]>([
    [
      'disabled',
      ({ integrations }) => integrations.put(integration({ enabled: false })),
      { integration: { enabled: false } },
    ],
    [
      'disallowed',
      ({ integrations }) => integrations.disallow(['okta']),
      { integration: { allowed: false } },
    ],
    ['ended', ({ integrations }) => integrations.end('okta', at(1)), undefined],
    ['without its token', ({ tokens }) => tokens.revokeAll('okta'), undefined],
    [
      'given another token',
      ({ tokens }) => tokens.keepOnly(token({ hash: 'f'.repeat(64), keyId: 'next' })),
      undefined,
    ],
  ])('is forgotten at once when the integration is %s', async (_, change, expected) => {
    const { store, lookUp } = await open();
    await lookUp();
    await change(store);
    const found = await lookUp();
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(expected);
  });

  it('that a change overtook is not remembered', async () => {
    const { store, lookUp } = await open();
    const [overtaken] = await Promise.all([lookUp(), store.tokens.revokeAll('okta'), lookUp()]);
    expect(overtaken).toBeDefined();
    expect(await lookUp()).toBeUndefined();
  });

  it('is shared by requests that arrive before its end', async () => {
    const database = Promise.withResolvers<void>();
    const { lookUp, lookups } = await open(database.promise);
    const found = Promise.all(Array.from({ length: 20 }, () => lookUp()));
    database.resolve();
    for (const each of await found) expect(each).toMatchObject({ integration: { id: 'okta' } });
    expect(lookups()).toBe(1);
  });

  it('is not shared by a request that arrives half a second after it began', async () => {
    const database = Promise.withResolvers<void>();
    const { plain, lookUp, pass } = await open(database.promise);
    const first = lookUp();
    // As another process would.
    await plain.integrations.put(integration({ enabled: false }));
    pass(499);
    const joining = lookUp();
    pass(1);
    const later = lookUp();
    database.resolve();
    expect(await first).toMatchObject({ integration: { enabled: true } });
    expect(await joining).toMatchObject({ integration: { enabled: true } });
    expect(await later).toMatchObject({ integration: { enabled: false } });
  });

  it('is not shared by a request that arrives after a change', async () => {
    const database = Promise.withResolvers<void>();
    const { store, lookUp } = await open(database.promise);
    const first = lookUp();
    await store.integrations.put(integration({ enabled: false }));
    const later = lookUp();
    database.resolve();
    expect(await first).toMatchObject({ integration: { enabled: true } });
    expect(await later).toMatchObject({ integration: { enabled: false } });
  });

  it('finds what was added after the one that is shared', async () => {
    const database = Promise.withResolvers<void>();
    const { plain, store } = await open(database.promise);
    const other = token({ hash: 'f'.repeat(64), keyId: 'other' });
    const lookUp = () => store.tokens.authenticate('acme', 'okta', other.hash, at(1));
    const first = lookUp();
    await plain.tokens.add(other);
    const joining = lookUp();
    database.resolve();
    expect(await first).toBeUndefined();
    expect(await joining).toMatchObject({ keyId: 'other' });
  });

  it('is made again by those who shared one that failed', async () => {
    const database = Promise.withResolvers<void>();
    const { lookUp, lookups } = await open(database.promise);
    const [first, joining] = [lookUp(), lookUp()];
    database.reject(new Error('the connection is lost'));
    await expect(first).rejects.toThrow('the connection is lost');
    await expect(joining).rejects.toThrow('the connection is lost');
    expect(lookups()).toBe(2);
  });

  it('is not shared with another tenant or another integration', async () => {
    const database = Promise.withResolvers<void>();
    const { store, lookUp } = await open(database.promise);
    const { hash } = token();
    const first = lookUp();
    const others = [
      store.tokens.authenticate('globex', 'okta', hash, at(1)),
      store.tokens.authenticate('acme', 'entra', hash, at(1)),
    ];
    database.resolve();
    expect(await first).toBeDefined();
    expect(await Promise.all(others)).toEqual([undefined, undefined]);
  });
});
