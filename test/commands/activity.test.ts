/** `scim-operator activity`: the log of who changed what, beside the process that serves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showActivity } from '../../src/commands/activity.ts';
import { FatalError } from '../../src/commands/errors.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import { ConfigError } from '../../src/config/resolve.ts';
import type { Store } from '../../src/directory/store/store.ts';
import {
  ACME,
  ACME_TOO,
  addGroup,
  addUser,
  at,
  integration,
} from '../directory/contract/fixture.ts';
import { usePostgres } from '../support/directory/postgres.ts';
import { useSqlite } from '../support/directory/sqlite.ts';

function configOf(...args: readonly string[]) {
  const invocation = readInvocation(['activity', ...args], {});
  if (invocation.kind !== 'activity') throw new Error(`not activity: ${invocation.kind}`);
  return invocation.config;
}

async function run(databaseUrl: string, ...args: readonly string[]): Promise<string> {
  let text = '';
  const write = (more: string, done: () => void) => {
    text += more;
    done();
  };
  const config = configOf(`--database-url=${databaseUrl}`, '--tenant=acme', ...args);
  await showActivity(config, { write }, () => at(60));
  return text;
}

describe.each(['SQLite', 'PostgreSQL'])('activity, on %s', (kind) => {
  let opened: { readonly store: Store; close(): Promise<void> };
  let url: string;
  let ann: string;
  let staff: string;

  beforeAll(async () => {
    if (kind === 'SQLite') {
      const directory = await useSqlite();
      opened = directory;
      url = `file:${directory.path}`;
    } else {
      const directory = await usePostgres();
      opened = directory;
      url = directory.database.url;
    }
    const { store } = opened;
    await store.integrations.put(integration({ namespace: 'idp' }));
    ann = (await addUser(store, ACME, 'ann')).id;
    staff = (await addGroup(store, ACME_TOO, '=staff', [ann])).id;
    const next = () => ({ userName: 'ann', active: false, title: '\u001b[2J\u202e' });
    await store.users.change(ACME, ann, next, at(10));
    await store.activity.append({
      at: at(30),
      tenant: 'acme',
      actor: { kind: 'person', name: 'scim:ada' },
      operation: 'rotate',
      resource: { type: 'ScimIntegration', id: 'okta', name: 'idp/okta' },
      requestId: undefined,
      version: undefined,
      change: {},
    });
  });
  afterAll(() => opened.close());

  it('prints a line for each entry, the newest first, and lets nobody control the terminal', async () => {
    expect((await run(url)).split('\n')).toEqual([
      '2026-01-01T00:00:30.000Z  scim:ada  rotate ScimIntegration idp/okta (okta)',
      `2026-01-01T00:00:10.000Z  idp/okta  update User ann (${ann})  active: true → false; ` +
        'title: "\\u001b[2J?"',
      `2026-01-01T00:00:00.000Z  entra  create Group =staff (${staff})  displayName: "=staff"; ` +
        'members: +1',
      `2026-01-01T00:00:00.000Z  idp/okta  create User ann (${ann})  userName: "ann"; active: true`,
      '',
    ]);
  });

  it('prints a JSON document on each line', async () => {
    const lines = (await run(url, '--output=json', '--limit=1', '--integration=okta')).split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      time: '2026-01-01T00:00:10.000Z',
      operation: 'update',
      resource: { id: ann },
      change: { active: { before: true, after: false } },
    });
  });

  it('prints CSV, in which no name is a formula', async () => {
    const [head, first, ...rest] = (await run(url, '--output=csv', `--resource=${staff}`)).split(
      '\r\n',
    );
    expect(head).toMatch(/^time,tenant,actor_kind,actor,/);
    expect(first).toContain(`,Group,${staff},'=staff,`);
    expect(rest).toEqual(['']);
  });

  const operations = async (...args: readonly string[]) =>
    (await run(url, '--output=json', ...args))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).operation);

  it.each([
    [['--integration=idp/okta'], ['update', 'create']],
    [['--integration=entra'], ['create']],
    [['--actor=scim:ada'], ['rotate']],
    [['--operation=update'], ['update']],
    [['--since=2026-01-01T00:00:10Z'], ['rotate', 'update']],
    [['--since=50s'], ['rotate', 'update']],
    [['--until=2026-01-01T00:00:10Z'], ['create', 'create']],
    [
      ['--since=2026-01-01', '--until=2026-01-02', '--limit=3'],
      ['rotate', 'update', 'create'],
    ],
    [['--since=2026-01-02'], []],
    [['--limit=0'], ['rotate', 'update', 'create', 'create']],
  ])('selects by %j', async (args, expected) => {
    expect(await operations(...args)).toEqual(expected);
  });

  it('prints that nothing was found, and nothing in other forms', async () => {
    expect(await run(url, '--resource=nobody')).toBe('No entry was found.\n');
    expect(await run(url, '--resource=nobody', '--output=json')).toBe('');
  });

  it('says that there is no integration of a name', async () => {
    const error = await run(url, '--integration=idp/entra').catch((reason: unknown) => reason);
    expect(error).toEqual(
      new FatalError(
        'there is no integration idp/entra in this database; name it as NAMESPACE/NAME or by its id',
      ),
    );
  });

  it('says that there is no tenant of a name', async () => {
    const error = await run(url, '--tenant=nope').catch((reason: unknown) => reason);
    expect(error).toEqual(
      new FatalError(
        'there is no tenant nope in this database; name one that has an integration or an entry',
      ),
    );
    // Without entries, but with an integration.
    await opened.store.integrations.put(
      integration({ id: 'quiet', tenant: 'quiet', namespace: 'quiet' }),
    );
    expect(await run(url, '--tenant=quiet')).toBe('No entry was found.\n');
  });

  it('ends quietly when the output is closed', async () => {
    const closed = Object.assign(new Error('closed'), { code: 'EPIPE' });
    let writes = 0;
    const write = (_: string, done: (error: Error) => void) => {
      writes++;
      done(closed);
    };
    const config = configOf(`--database-url=${url}`, '--tenant=acme', '--output=csv');
    await showActivity(config, { write });
    expect(writes).toBe(1);
  });
});

it('reads on, past a page', async () => {
  const { store, path, close } = await useSqlite();
  await Promise.all(Array.from({ length: 1_001 }, (_, n) => addUser(store, ACME, `u${n}`)));
  const text = await run(`file:${path}`, '--limit=1000', '--output=json');
  expect(new Set(text.trimEnd().split('\n')).size).toBe(1_000);
  expect((await run(`file:${path}`, '--limit=0')).match(/\n/g)).toHaveLength(1_001);
  await close();
});

it('says in one line which database it can not read', async () => {
  const error = await run('file:/nowhere/scim.db').catch((reason: unknown) => reason);
  expect(error).toEqual(
    new FatalError("the database file:/nowhere/scim.db can't be used: there is no such file"),
  );
});

it.each([
  [[], '--tenant (SCIM_OPERATOR_TENANT) is required by activity: non-empty text'],
  [
    ['--tenant=acme', '--since=yesterday'],
    '--since: "yesterday" is not allowed; it must be a date such as 2026-11-29, a time such as ' +
      '2026-11-29T09:30:00Z, or a duration before now such as 24h',
  ],
  [['--tenant=acme', '--until=2026-13-01'], /^--until: "2026-13-01" is not allowed/],
  [['--tenant=acme', '--output=xml'], /must be one of text, json, csv$/],
])('refuses %j', (args, message) => {
  expect(() => configOf(...args)).toThrow(ConfigError);
  expect(() => configOf(...args)).toThrow(message);
});
