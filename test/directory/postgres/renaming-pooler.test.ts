/** Behind a pooler that looks after prepared statements, in sessions that others use next. */
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import {
  compose,
  openConnections,
} from '../../../src/directory/postgres/connection/connections.ts';
import { template } from '../../../src/directory/sql/template.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import {
  type RenamingPooler,
  startRenamingPooler,
} from '../../support/directory/renaming-pooler.ts';
import { ACME, addUser, at } from '../contract/fixture.ts';

let directory: PostgresDirectory;
let pooler: RenamingPooler;
let url: string;
beforeEach(async () => {
  directory = await usePostgres();
  const address = new URL(directory.database.url);
  pooler = await startRenamingPooler(address.hostname, Number(address.port));
  address.host = `127.0.0.1:${pooler.port}`;
  // The first message is that of the session.
  address.searchParams.set('sslmode', 'disable');
  url = address.href;
});
afterEach(async () => {
  await pooler.close();
  await directory.close();
});

const NAMES = template(
  compose,
  () => sql<{ name: string }>`SELECT name FROM pg_prepared_statements`,
);
const SETTINGS = sql`
  SELECT current_setting('plan_cache_mode') AS plans, current_setting('enable_seqscan') AS scans,
    current_setting('statement_timeout') AS ends, current_setting('lock_timeout') AS waits
`;
const LIKE_DIRECT = { plans: 'force_generic_plan', scans: 'off', ends: '1min', waits: '3s' };

it('statements are kept prepared, and each transaction has the settings of direct connections', async () => {
  const connections = openConnections(() => ({ connectionString: url }), 1);
  expect(await connections.pooler()).toEqual({ prepares: true });
  await connections.all(NAMES, {});
  const kept = await connections.all(NAMES, {});
  expect(kept.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^pooler_0_.{43}$/));
  expect(await connections.all(SETTINGS)).toEqual([LIKE_DIRECT]);
  expect(await connections.transaction(({ all }) => all(SETTINGS))).toEqual([LIKE_DIRECT]);
  await connections.close();
});

it('what the pooler no longer looks after fails no request, and nothing is done twice', async () => {
  const store = await openDirectory(url);
  const users = await Promise.all(
    Array.from({ length: 20 }, (_, n) => addUser(store, ACME, `user-${n}`)),
  );
  for (let round = 1; round <= 3; round++) {
    const rename = (id: string) =>
      store.users.change(
        ACME,
        id,
        (user) => ({ ...user.profile.attributes, title: `${round}` }),
        at(round),
      );
    pooler.forget();
    const changed = await Promise.all(users.map(({ id }) => rename(id)));
    expect(changed.map(({ version }) => version)).toEqual(users.map(() => round + 1));
    pooler.forget();
    await Promise.all([
      ...users.map(async ({ id }) => expect(await store.users.get(ACME, id, true)).toBeDefined()),
      addUser(store, ACME, `more-${round}`),
    ]);
  }
  await store.close();
});
