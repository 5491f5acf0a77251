/** A directory in one database, moved to another one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { openSource, openTarget } from '../../../src/directory/transfer/open.ts';
import { transfer } from '../../../src/directory/transfer/transfer.ts';
import { fill, seenBy } from '../../support/directory/filled.ts';
import { newPostgres, type PostgresDatabase } from '../../support/directory/postgres.ts';
import { troubles } from '../../support/directory/postgres-tables.ts';
import { type ScimClient, startScimServer } from '../../support/scim-server/server.ts';

type Kind = 'SQLite' | 'PostgreSQL';

let folder: string;
const databases: PostgresDatabase[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-transfer-'));
});
afterAll(async () => {
  for (const database of databases) await database.drop();
  rmSync(folder, { recursive: true });
});

let files = 0;
/** The URL of a database without a directory, or with an empty one. */
async function emptyDatabase(kind: Kind): Promise<string> {
  if (kind === 'SQLite') return `file:${join(folder, `${files++}.db`)}`;
  const { store, database } = await newPostgres();
  await store.close();
  databases.push(database);
  return database.url;
}

/** Moves everything and returns the number of rows. */
async function move(from: string, to: string): Promise<Record<string, number>> {
  const source = await openSource(() => from);
  try {
    const target = await openTarget(() => to);
    try {
      return await transfer(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

const serve = (url: string) =>
  startScimServer({
    open: async (types) => {
      const store = await openDirectory(url, types);
      return { store, close: () => store.close() };
    },
  });

async function filledDirectory(kind: Kind, seed: number) {
  const url = await emptyDatabase(kind);
  const server = await serve(url);
  const clients = await fill(server, seed);
  const seen = await seenBy(clients, server.port);
  const page = await clients[0]?.send('GET', '/Users?count=2&cursor=');
  const cursor = String(page?.body.nextCursor);
  const tokens = await tokensOf(server.store, clients);
  return { url, server, clients, seen, cursor, tokens };
}

const tokensOf = (store: Store, clients: readonly ScimClient[]) =>
  Promise.all(
    clients.map(async ({ record }) => {
      const tokens = await store.tokens.list(record.id);
      return tokens.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
    }),
  );

const KINDS: readonly Kind[] = ['SQLite', 'PostgreSQL'];
const WAYS = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));

describe.each(WAYS)('a directory moved from %s to %s', (from, to) => {
  it.each([1, 20])('looks the same to every client, byte by byte (seed %i)', async (seed) => {
    const { url, server, clients, seen, cursor, tokens } = await filledDirectory(from, seed);
    const target = await emptyDatabase(to);
    // The source is in use meanwhile.
    const rows = await move(url, target);
    expect(rows).toMatchObject({ integrations: 4, tokens: 9, made_objects: 2, signing_keys: 2 });
    expect(Object.values(rows).every((count) => count > 0)).toBe(true);
    expect(rows).not.toHaveProperty('recent_requests');
    await server.close();

    const moved = await serve(target);
    expect(await seenBy(clients, moved.port)).toEqual(seen);
    const [first] = clients as [ScimClient];
    const next = await first.at(moved.port).send('GET', `/Users?count=2&cursor=${cursor}`);
    expect(next.status).toBe(200);
    expect(await tokensOf(moved.store, clients)).toEqual(tokens);
    for (const { record } of clients) {
      expect(await moved.store.integrations.get(record.id)).toMatchObject(record);
    }
    // Identities are part of a directory, but sessions and setup links are not.
    expect(rows.identities).toBe(1);
    expect(await moved.store.sessions.find({ tenant: 'acme', hash: 'session' })).toBeUndefined();
    expect(await moved.store.setupLinks.find('link', 11)).toBeUndefined();
    const added = await first.at(moved.port).send('POST', '/Users', { userName: 'afterwards' });
    expect(added.status).toBe(201);
    await moved.close();
    if (to === 'PostgreSQL')
      expect(await troubles(databases.at(-1) as PostgresDatabase)).toEqual([]);
  });
});

describe('a directory moved to PostgreSQL and back', () => {
  it('has the same rows', async () => {
    const { url, server } = await filledDirectory('SQLite', 3);
    const [there, back] = [await emptyDatabase('PostgreSQL'), await emptyDatabase('SQLite')];
    const rows = await move(url, there);
    expect(await move(there, back)).toEqual(rows);
    await server.close();
    const dump = (of: string) => {
      const db = new Database(of.slice('file:'.length), { readonly: true });
      // PostgreSQL doesn't keep the order of keys in a document.
      const rowsOf = (table: string) =>
        db
          .prepare<[], { document: string }>(
            `SELECT *, json(document) AS document FROM ${table} ORDER BY tenant, id`,
          )
          .all()
          .map((row) => ({ ...row, document: JSON.parse(row.document) }));
      const [users, groups] = [rowsOf('access'), rowsOf('groups')];
      db.close();
      return { users, groups };
    };
    expect(dump(back)).toEqual(dump(url));
  });
});
