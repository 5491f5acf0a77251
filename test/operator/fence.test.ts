import { afterAll, beforeAll, expect, it } from 'vitest';
import { NotLeadingError } from '../../src/kube/tenure.ts';
import { fencedStore } from '../../src/operator/fence.ts';
import { integration } from '../directory/contract/fixture.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';

let directory: SqliteDirectory;
beforeAll(async () => {
  directory = await useSqlite();
});
afterAll(() => directory.close());

it('a fenced directory works only as long as its process leads', async () => {
  let leads = true;
  const permit = () => {
    if (!leads) throw new NotLeadingError();
  };
  await directory.store.integrations.put(integration({ id: 'i' }));
  const { signal } = new AbortController();
  const { integrations, tokens } = fencedStore(directory.store, { permit, signal });
  const token = {
    integrationId: 'i',
    keyId: 'k',
    hash: 'h',
    issuedAt: 1,
    expiresAt: undefined,
    pending: false,
  };
  await tokens.add(token);
  leads = false;
  expect(() => tokens.revokeAll('i')).toThrow(NotLeadingError);
  expect(() => integrations.end('i', 1)).toThrow(NotLeadingError);
  expect(await directory.store.tokens.list('i')).toMatchObject([{ hash: 'h' }]);
});
