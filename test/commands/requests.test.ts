/** `scim-operator requests`: the last requests of an integration, beside the process that serves. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FatalError } from '../../src/commands/errors.ts';
import { showRequests } from '../../src/commands/requests.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import { scopeOf } from '../../src/directory/store/integrations.ts';
import type { Store } from '../../src/directory/store/store.ts';
import { usePostgres } from '../support/directory/postgres.ts';
import { useSqlite } from '../support/directory/sqlite.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

async function run(databaseUrl: string, ...args: readonly string[]): Promise<string> {
  const invocation = readInvocation(['requests', `--database-url=${databaseUrl}`, ...args], {});
  if (invocation.kind !== 'requests') throw new Error(`not requests: ${invocation.kind}`);
  let text = '';
  await showRequests(invocation.config, { write: (more) => (text += more) });
  return text;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FatalError);
  return (error as Error).message;
}

describe.each(['SQLite', 'PostgreSQL'])('requests, on %s', (kind) => {
  let server: ScimServer;
  let client: ScimClient;
  let url: string;
  const open = async (): Promise<{ store: Store; close(): Promise<void> }> => {
    if (kind === 'SQLite') {
      const directory = await useSqlite();
      url = `file:${directory.path}`;
      return directory;
    }
    const directory = await usePostgres();
    url = directory.database.url;
    return directory;
  };
  beforeAll(async () => {
    server = await startScimServer({ open });
    client = await server.addIntegration({ namespace: 'acme', name: 'okta' });
    await client.send('POST', '/Users', { userName: 'ada', password: 'hunter2' });
    await client.send('POST', '/Users', { userName: 'ada', password: 'hunter2' });
    await server.recent.flush();
  });
  afterAll(() => server.close());

  it('prints a line for each, and why it was refused, while the directory is in use', async () => {
    const text = await run(url, '--integration=acme/okta');
    const [title, refused, detail, body, created, ...rest] = text.split('\n');
    expect(title).toMatch(/^TIME +METHOD +STATUS +MS +KEY ID +REQUEST ID +PATH$/);
    expect(refused).toMatch(/^2\d{3}-\S+Z +POST +409 +[\d.]+ +\S{10} +\S{36} +\/Users$/);
    expect(detail).toBe('    a user with this userName exists in the tenant');
    expect(body).toBe('    {"userName":"ada","password":"…"}');
    expect(created).toMatch(/ POST +201 /);
    expect(rest).toEqual(['']);
  });

  it('finds an integration by its id, and prints JSON', async () => {
    const text = await run(url, `--integration=${client.record.id}`, '--output=json');
    const requests = text.trimEnd().split('\n');
    const stored = await server.store.recentRequests.list(scopeOf(client.record));
    expect(requests.map((line) => JSON.parse(line))).toEqual(
      stored.map(({ at, ...each }) => ({ time: new Date(at).toISOString(), ...each })),
    );
    expect(requests).toHaveLength(2);
  });

  it('prints CSV', async () => {
    const text = await run(url, '--integration=acme/okta', '--output=csv');
    const [title, refused, created] = text.split('\r\n');
    expect(title).toBe('time,method,path,status,ms,detail,body,keyId,requestId');
    expect(refused).toMatch(/Z,POST,\/Users,409,/);
    expect(created).toMatch(/Z,POST,\/Users,201,/);
  });

  it('prints that there was none', async () => {
    const other = await server.addIntegration({ namespace: 'acme', name: 'quiet' });
    expect(await run(url, '--integration=acme/quiet')).toBe(
      'No request was received in the last seven days.\n',
    );
    expect(await run(url, `--integration=${other.record.id}`, '--output=json')).toBe('');
  });

  it('lets no client control the terminal', async () => {
    const hostile = await server.addIntegration({ namespace: 'acme', name: 'hostile' });
    await hostile.send('POST', '/Users', { userName: 1, displayName: '\u001b[2J\u202eada' });
    await server.recent.flush();
    const text = await run(url, '--integration=acme/hostile');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  });

  it('refuses what it does not find, or finds twice', async () => {
    expect(await refusal(run(url, '--integration=acme/nothing'))).toBe(
      'there is no integration acme/nothing in this database; name it as NAMESPACE/NAME or by its id',
    );
    expect(await refusal(run(url, `--integration=${client.token}`))).not.toContain('scim_');
    const here = await server.addIntegration({ namespace: 'twice', name: 'okta' });
    const there = { namespace: 'twice', name: 'okta', clusterUid: 'other' };
    const { record } = await server.addIntegration(there);
    const message = await refusal(run(url, '--integration=twice/okta'));
    for (const id of [here.record.id, record.id]) expect(message).toContain(id);
  });
});

describe('requests', () => {
  it('refuses a database without a directory, and creates none', async () => {
    const message = await refusal(run('file:/nowhere/scim.db', '--integration=acme/okta'));
    expect(message).toBe("the database file:/nowhere/scim.db can't be used: there is no such file");
  });
});
