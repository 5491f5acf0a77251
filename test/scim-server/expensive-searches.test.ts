/** Searches that compare every user of a large tenant, on both databases. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fillDirectory, TENANT } from '../../bench/directory/directory.ts';
import { openDirectory } from '../../src/directory/open.ts';
import { MAX_WAITING_SEARCHES } from '../../src/scim/limits.ts';
import { createDatabase } from '../support/directory/postgres.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const USERS = 30_000;
/** Their members are the same. */
const GROUPS = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [`Group ${n}`, USERS / 20] as const),
);

const many = (count: number, term: string) =>
  Array.from({ length: count }, (_, n) => term.replace('#', String(n))).join(' or ');
const ATTACKS = {
  groups: many(50, 'groups.display co "z#"'),
  emails: many(150, 'emails.value co "z#"'),
};
/** Takes far longer than a look-up, within the limit. */
const LONG = many(10, 'emails.value co "z#"');

const search = (client: ScimClient, filter: string, path = '/.search') =>
  client.send('POST', path, { filter, attributes: ['id'], count: 10 });

describe.each(['SQLite', 'PostgreSQL'] as const)('on %s', (kind) => {
  const closing: (() => unknown)[] = [];
  let server: ScimServer;
  let client: ScimClient;
  let other: ScimClient;

  beforeAll(async () => {
    const url = await newUrl(kind, closing);
    await fillDirectory(url, USERS, GROUPS);
    server = await startScimServer({
      // The last test closes it.
      open: async (types) => ({
        store: await openDirectory(url, types),
        close: () => Promise.resolve(),
      }),
    });
    closing.push(() => server.close());
    client = await server.addIntegration({ tenant: TENANT, namespace: TENANT });
    other = await server.addIntegration({ tenant: TENANT, namespace: TENANT });
  });
  afterAll(async () => {
    for (const undo of closing.splice(0).reverse()) await undo();
  });

  it.each(Object.entries(ATTACKS))(
    'a search with many comparisons of %s is refused with what to do instead',
    async (_, filter) => {
      const { status, body } = await search(client, filter);
      expect([status, body.scimType]).toEqual([400, 'tooMany']);
      expect(body.detail).toMatch(
        /^the search would take [\d,]+ comparisons, and the limit is 25,000,000; use fewer/,
      );
    },
  );

  it('a search of everybody finds what it should', async () => {
    const { body } = await search(
      client,
      'displayName co "family7" and active eq true',
      '/Users/.search',
    );
    const expected = Array.from({ length: USERS }, (_, n) => `Family${n % 1009}`).filter((each) =>
      each.includes('Family7'),
    );
    expect(body.totalResults).toBe(expected.length);
    expect(body.Resources).toHaveLength(10);
  });

  it('others are served while a search runs', async () => {
    let isRunning = true;
    const running = search(client, LONG).finally(() => {
      isRunning = false;
    });
    let served = 0;
    while (isRunning) {
      const { status } = await other.send('GET', '/Users?filter=userName eq "user7@bench.example"');
      expect(status).toBe(200);
      served++;
    }
    expect((await running).body.totalResults).toBe(0);
    expect(served).toBeGreaterThan(5);
  });

  it('an integration that sends many at once gets some answers, and others still get theirs', async () => {
    // None begins before the last has come: a free place could be taken again meanwhile.
    const find = server.store.users.list;
    const list = vi.spyOn(server.store.users, 'list');
    const { promise: haveAllCome, resolve: begin } = Promise.withResolvers<void>();
    list.mockImplementation(async (...query) => {
      if (list.mock.calls.length === 20) begin();
      await haveAllCome;
      return find(...query);
    });
    const all = Array.from({ length: 20 }, () => search(client, LONG));
    await haveAllCome;
    list.mockRestore();
    const others = await search(other, 'displayName co "family7"', '/Users/.search');
    expect(others.status).toBe(200);
    const answers = await Promise.all(all);
    const refused = answers.filter(({ status }) => status === 429);
    const found = answers.filter(({ status }) => status === 200);
    expect(found.length + refused.length).toBe(20);
    // On a busy machine, those that wait for too long are refused as well.
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(1 + MAX_WAITING_SEARCHES);
    for (const { headers, body } of refused) {
      expect(headers.get('retry-after')).toBe('5');
      expect(body.detail).toContain('too many searches');
    }
    const metrics = await server.registry.metrics();
    expect(metrics).toContain(`scim_searches_refused_total{kind="search"} ${refused.length}\n`);
    expect(metrics).toContain('scim_searches{kind="search",state="waiting"} 0\n');
  });

  it('closing the directory ends a search', async () => {
    const running = search(client, LONG).catch(() => undefined);
    await search(other, 'title co "x"', '/Users/.search');
    await server.store.close();
    expect((await running)?.status).toBe(503);
  });
});

async function newUrl(kind: 'SQLite' | 'PostgreSQL', closing: (() => unknown)[]): Promise<string> {
  if (kind === 'PostgreSQL') {
    const database = await createDatabase();
    closing.push(() => database.drop());
    return database.url;
  }
  const folder = await mkdtemp(join(tmpdir(), 'scim-expensive-'));
  closing.push(() => rm(folder, { recursive: true }));
  return `file:${join(folder, 'directory.db')}`;
}
