/**
 * The directory behind PgBouncer in transaction mode, where all connections of the process share
 * one connection to the server.
 */
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPgBouncer, PgBouncerUnavailableError } from '../../../hack/pgbouncer/programs.ts';
import { type PgBouncer, startPgBouncer } from '../../../hack/pgbouncer/start.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import {
  openConnections,
  type Pooler,
} from '../../../src/directory/postgres/connection/connections.ts';
import type { StoredResource } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import {
  createDatabase,
  type PostgresDirectory,
  usePostgres,
} from '../../support/directory/postgres.ts';
import { troubles } from '../../support/directory/postgres-tables.ts';
import { Program } from '../../support/program.ts';
import {
  ACME,
  add,
  addGroup,
  addUser,
  at,
  integration,
  memberIds,
  remove,
} from '../contract/fixture.ts';

/** The reason why there is no PgBouncer, if there is none. In CI, a skipped test fails. */
const { missing, prepares } = found();
const given = missing === undefined ? describe : describe.skip;

/**
 * Connections to the server, the prepared statements that each keeps if it can, and whether the URL
 * says so.
 */
const KINDS = [
  { size: 1, prepared: 0, said: false },
  { size: 2, prepared: 0, said: false },
  { size: 2, prepared: 0, said: true },
  ...(prepares
    ? [
        { size: 2, prepared: 200, said: false },
        { size: 2, prepared: 200, said: true },
      ]
    : []),
] as const;
type Kind = (typeof KINDS)[number];

let directory: PostgresDirectory;
const bouncers = new Map<Kind, PgBouncer>();
beforeAll(async () => {
  if (missing !== undefined) return;
  directory = await usePostgres();
  const { url } = directory.database;
  for (const kind of KINDS) bouncers.set(kind, await startPgBouncer(url, kind.size, kind.prepared));
});
afterAll(async () => {
  if (missing !== undefined) return;
  await Promise.all([...bouncers.values()].map((bouncer) => bouncer.stop()));
  await directory.close();
});

const saying = (url: string) => {
  const changed = new URL(url);
  changed.searchParams.set('pooler_prepared_statements', 'true');
  return changed.href;
};
const throughKind = (kind: Kind, url = directory.database.url) => {
  const through = bouncers.get(kind)?.through(url) ?? '';
  return kind.said ? saying(through) : through;
};
const through = (size: 1 | 2) => throughKind(KINDS[size - 1] ?? KINDS[0]);
const times = <T>(count: number, one: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => one(index)));

given.each(KINDS)(
  'with $size connections that keep $prepared prepared statements, said: $said',
  (kind) => {
    const name = `${kind.size}-${kind.prepared}-${kind.said}`;

    it('writes of several processes at once all succeed', async () => {
      const scope = { ...ACME, tenant: `acme-${name}` };
      const poolers: Pooler[] = [];
      const options = { connections: 10, onPooler: (pooler: Pooler) => void poolers.push(pooler) };
      const stores = await times(2, () => openDirectory(throughKind(kind), undefined, options));
      const pooler = { isToPrepare: kind.said, prepares: kind.said && kind.prepared > 0 };
      expect(poolers).toEqual(stores.map(() => pooler));
      const storeOf = (index: number) => stores[index % 2] as Store;
      const users = await times(40, (n) => addUser(storeOf(n), scope, `user-${n}`));
      const ids = users.map(({ id }) => id);
      const groups = await times(3, (n) => addGroup(storeOf(n), scope, `group-${n}`));
      const [group, holder] = groups.map(({ id }) => id) as [string, string];
      const change = (
        n: number,
        to: string,
        ...changes: Parameters<Store['groups']['change']>[3]
      ) => storeOf(n).groups.change(scope, to, undefined, changes, at(1));
      await Promise.all([
        ...ids.map((id, n) => change(n, group, add(id))),
        // Each of them takes a transaction and the lock of the tenant's nesting.
        ...groups.slice(2).map(({ id }, n) => change(n, holder, add(id, ids[0] ?? ''))),
        ...ids.map((id, n) =>
          storeOf(n).users.change(
            scope,
            id,
            (user) => ({ ...user.profile.attributes, title: `${n}` }),
            at(1),
          ),
        ),
      ]);
      expect(await memberIds(storeOf(0), scope, group)).toEqual(ids.toSorted());
      await Promise.all(ids.slice(20).map((id, n) => change(n, group, remove(id))));
      await Promise.all(
        ids.slice(0, 10).map((id, n) => storeOf(n).users.delete(scope, id, () => {}, at(2))),
      );
      expect(await memberIds(storeOf(1), scope, group)).toEqual(ids.slice(10, 20).toSorted());
      expect(await troubles(directory.database)).toEqual([]);
      await Promise.all(stores.map((store) => store.close()));
    });

    it('tokens are looked up and kept by many at once', async () => {
      const store = await openDirectory(throughKind(kind));
      const { id, tenant } = integration({ id: `okta-${name}`, name: `okta-${name}` });
      await store.integrations.put(integration({ id, name: id }));
      const token = (n: number) => ({
        ...{ hash: `hash-${name}-${n}`, integrationId: id, keyId: `key-${n}` },
        ...{ issuedAt: at(0), expiresAt: undefined, pending: false },
      });
      await times(20, (n) => store.tokens.add(token(n)));
      const found = await times(60, async (n) =>
        store.tokens.authenticate(tenant, id, `hash-${name}-${n % 20}`, at(1)),
      );
      expect(found.map((each) => each?.keyId)).toEqual(found.map((_, n) => `key-${n % 20}`));
      await store.tokens.keepOnly(token(7), undefined);
      expect(await store.tokens.list(id)).toHaveLength(1);
      await store.close();
    });

    it('processes that start together bring one database to the schema', async () => {
      const database = await createDatabase();
      const stores = await times(4, () => openDirectory(throughKind(kind, database.url)));
      expect(new Set(stores.map(({ cursorKey }) => cursorKey)).size).toBe(1);
      await Promise.all(stores.map((store) => store.close()));
      await database.drop();
    });
  },
);

given(`PgBouncer${missing === undefined ? '' : `, which is missing: ${missing}`}`, () => {
  it('leaves nothing behind in sessions that others use next', async () => {
    const settings = () => ({ connectionString: through(1), application_name: 'ours' });
    const connections = openConnections(settings, 3);
    const limit = sql`SHOW statement_timeout`;
    const [inside] = await connections.transaction(({ all }) => all(limit));
    expect(inside).toEqual({ statement_timeout: '1min' });
    // Statements have no names here, so they are planned for their values.
    const modes = sql`
      SELECT current_setting('plan_cache_mode') AS plans,
        current_setting('max_parallel_workers_per_gather') AS workers
    `;
    const [mode] = await connections.transaction(({ all }) => all(modes));
    expect(mode).toEqual({ plans: 'auto', workers: '0' });
    await connections.close();
    const client = new pg.Client({ connectionString: through(1) });
    await client.connect();
    expect((await client.query('SHOW statement_timeout')).rows).toEqual([
      { statement_timeout: '0' },
    ]);
    expect((await client.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([]);
    await client.end();
  });

  it('does not make users wait for one whose name another session holds', async () => {
    const scope = { ...ACME, tenant: 'acme-held' };
    const store = await openDirectory(through(2));
    const { id } = await addUser(store, scope, 'ann');
    const holder = new pg.Client({ connectionString: directory.database.url });
    await holder.connect();
    await holder.query(
      `BEGIN; INSERT INTO access SELECT tenant, 'held', 'x', 'held', TRUE, document, attributes, 1, 1, 1
       FROM access WHERE id = '${id}'`,
    );
    let isSettled = false;
    const held = addUser(store, scope, 'held').finally(() => {
      isSettled = true;
    });
    await addUser(store, scope, 'free');
    expect(isSettled).toBe(false);
    await holder.query('ROLLBACK');
    await held;
    await holder.end();
    await store.close();
  });

  it('does not make users wait without end for what another session holds', async () => {
    const scope = { ...ACME, tenant: 'acme-counted' };
    const store = await openDirectory(through(2));
    const users = await times(2, (n) => addUser(store, scope, `user-${n}`));
    await directory.database.query(
      `INSERT INTO counters
       SELECT '${scope.tenant}', name, slot, 0
       FROM unnest(ARRAY['inactive_users', 'user_changes']) AS name, generate_series(0, 15) AS slot
       ON CONFLICT DO NOTHING`,
    );
    const holder = new pg.Client({ connectionString: directory.database.url });
    await holder.connect();
    await holder.query(`BEGIN; SELECT 1 FROM counters WHERE tenant = '${scope.tenant}' FOR UPDATE`);
    const switchOff = () =>
      users.map(({ id }) => {
        const off = (user: StoredResource) => ({ ...user.profile.attributes, active: false });
        return store.users.change(scope, id, off, at(1));
      });
    const refused = await Promise.allSettled(switchOff());
    expect(refused).toMatchObject(users.map(() => ({ reason: { status: 503, retryAfter: 5 } })));
    await holder.query('ROLLBACK');
    const changed = await Promise.all(switchOff());
    expect(changed.map(({ version }) => version)).toEqual([2, 2]);
    await holder.end();
    await store.close();
  });

  if (prepares) {
    it('that no longer keeps prepared statements fails no request', async () => {
      const bouncer = await startPgBouncer(directory.database.url, 2);
      const store = await openDirectory(saying(bouncer.through(directory.database.url)));
      const scope = { ...ACME, tenant: 'acme-reloaded' };
      const users = await times(20, (n) => addUser(store, scope, `user-${n}`));
      const rename = (id: string, title: string) =>
        store.users.change(scope, id, (user) => ({ ...user.profile.attributes, title }), at(1));
      await Promise.all(users.map(({ id }) => rename(id, 'before')));
      await bouncer.keep(0);
      const changed = await Promise.all(users.map(({ id }) => rename(id, 'after')));
      expect(changed.map(({ version }) => version)).toEqual(users.map(() => 3));
      const read = await times(20, async (n) => store.users.get(scope, users[n]?.id ?? '', true));
      expect(read.map((user) => user?.id)).toEqual(users.map(({ id }) => id));
      await store.close();
      await bouncer.stop();
    });
  }

  it.each([
    [false, /^the database is behind a pooler; named prepared statements are not used$/],
    [true, /^the pooler does not keep statements prepared, although the URL/],
  ])(
    'is reported in one line of the log; the URL says that it prepares: %s',
    async (said, line) => {
      const url = said ? saying(through(2)) : through(2);
      const program = new Program(['migrate', `--database-url=${url}`]);
      expect(await program.exited).toBe(0);
      const lines = program.lines.map(({ msg }) => String(msg)).filter((msg) => /pooler/.test(msg));
      expect(lines).toEqual([expect.stringMatching(line)]);
    },
  );
});

function found(): { readonly missing?: string; readonly prepares: boolean } {
  try {
    return { prepares: findPgBouncer().prepares };
  } catch (error) {
    if (error instanceof PgBouncerUnavailableError)
      return { missing: error.message, prepares: false };
    throw error;
  }
}
