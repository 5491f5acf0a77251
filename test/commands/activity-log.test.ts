/** What the options make of the activity log. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open } from '../../src/commands/database.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import type { Author } from '../../src/directory/store/resources.ts';
import { ACME, addUser, at } from '../directory/contract/fixture.ts';
import { captureLog } from '../support/captured-log.ts';

const AUTHOR: Author = { ...ACME, requestId: 'r-1' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-activity-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Creates a user, and returns what was recorded and what was logged. */
async function afterWrite(...options: string[]) {
  const url = ['--public-url=https://scim.example.com', `--database-url=file:${folder}/scim.db`];
  const invocation = readInvocation(['run', ...url, ...options], {});
  if (invocation.kind !== 'command') throw new Error('run is a command');
  const { log, lines } = captureLog();
  const store = await open(invocation.config, log.child({}, { level: 'error' }));
  const { id } = await addUser(store, AUTHOR, 'ann');
  const { entries } = await store.activity.list({ tenant: 'acme', limit: 10 });
  await store.close();
  return { id, entries, lines };
}

it('records by default, and logs nothing', async () => {
  const { entries, lines } = await afterWrite();
  expect(entries).toMatchObject([{ operation: 'create' }]);
  expect(lines).toEqual([]);
});

it('is written to standard output on request, at any log level', async () => {
  const { id, entries, lines } = await afterWrite('--activity-log');
  expect(lines).toMatchObject([
    {
      level: 'info',
      msg: 'activity was recorded',
      activity: {
        id: entries[0]?.id,
        time: new Date(at(0)).toISOString(),
        tenant: 'acme',
        actor: { kind: 'integration', name: 'okta' },
        operation: 'create',
        resource: { type: 'User', id, name: 'ann' },
        requestId: 'r-1',
        version: 1,
        change: { userName: { after: 'ann' }, active: { after: true } },
      },
    },
  ]);
});

it('is not recorded without a retention, but is still written to standard output', async () => {
  const { entries, lines } = await afterWrite('--activity-retention=0s', '--activity-log');
  expect(entries).toEqual([]);
  expect(lines).toHaveLength(1);
});
