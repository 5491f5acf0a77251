/**
 * Every index slows down writes, so each must serve a statement or keep something unique. The
 * indexes of PostgreSQL have the same names; see postgres/migrate.test.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, vi } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import {
  ACME,
  addGroup,
  addUser,
  at,
  groupQuery,
  integration,
  token,
  userQuery,
} from '../contract/fixture.ts';

/** Runs the statements that are composed at run time; opening the directory prepares the others. */
async function work(store: Store): Promise<void> {
  const {
    users,
    groups,
    people,
    memberships,
    integrations,
    tokens,
    sessions,
    setupLinks,
    activity,
  } = store;
  const limits = { groups: 10, members: 10 };
  await integrations.put(integration());
  await tokens.add(token());
  await addUser(store, ACME, 'ann');
  await addGroup(store, ACME, 'staff');
  for (const filter of ['userName eq "x"', 'externalId eq "x"', 'emails.value eq "x"']) {
    await users.list(ACME, userQuery({ filter, related: true }));
  }
  await groups.list(ACME, groupQuery({ filter: 'displayName eq "x"', related: true }));
  await people.search(ACME.tenant, { active: false, limit: 10 });
  await memberships.read(ACME.tenant, { displayName: 'staff' }, limits, 'userName');
  await memberships.read(ACME.tenant, { externalId: 'x' }, limits, 'userName');
  await sessions.endAll({ issuer: 'https://idp.example', subject: 'x' });
  await sessions.endAll({ issuer: 'https://idp.example', sid: 'x' });
  await sessions.endAll({ issuer: 'https://idp.example', sid: 'x', subject: 'x' });
  await setupLinks.list('uid', at(1));
  await integrations.list('cluster', ACME.tenant);
  for (const filter of [{ resourceId: 'x' }, { actor: 'x' }, { operation: 'signIn' as const }]) {
    await activity.list({ tenant: ACME.tenant, limit: 10, ...filter });
  }
  await integrations.end('okta', at(1));
  await integrations.purge('okta', at(1));
}

it('every index of the directory has a use', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scim-indexes-'));
  const path = join(folder, 'directory.db');
  const prepare = vi.spyOn(Database.prototype, 'prepare');
  const store = await openDirectory(`file:${path}`);
  await work(store);
  await store.close();
  const texts = [...new Set(prepare.mock.calls.map(([text]) => text))];
  prepare.mockRestore();
  const db = new Database(path, { readonly: true });
  db.function('unended', () => 1);
  const plans = texts
    .filter((text) => /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)/i.test(text))
    .flatMap((text) => {
      const parameters = text.match(/\?/g) ?? [];
      return db
        .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
        .all(...parameters.map(() => null));
    });
  const indexes = db
    .prepare<[], { name: string; isUnique: number }>(`
      SELECT l.name, l."unique" AS isUnique
      FROM sqlite_schema s
      JOIN pragma_index_list(s.name) l
      WHERE s.type = 'table' AND l.origin = 'c'
    `)
    .all();
  db.close();
  await rm(folder, { recursive: true });
  const used = new Set(plans.map(({ detail }) => /INDEX (\w+)/.exec(detail)?.[1]));
  const idle = indexes.filter(({ name, isUnique }) => isUnique === 0 && !used.has(name));
  expect(indexes.length).toBeGreaterThan(5);
  expect(idle).toEqual([]);
});
