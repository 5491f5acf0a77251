/** Sessions that begin while their user is being changed, which takes several connections. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PersonSession } from '../../../src/directory/store/sessions.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { holding, troubles } from '../../support/directory/postgres-tables.ts';
import { ACME, addUser, at } from '../contract/fixture.ts';

let directory: PostgresDirectory;
beforeEach(async () => {
  directory = await usePostgres();
});
afterEach(() => directory.close());

const sessionOf = (accessId: string): PersonSession => ({
  kind: 'person',
  hash: 'session',
  tenant: ACME.tenant,
  accessId,
  provider: 'okta',
  issuer: 'https://idp.example',
  subject: 'ann',
  createdAt: at(0),
  lastUsedAt: at(0),
  expiresAt: at(9),
});

it('end with a deactivation that waited for them to begin', async () => {
  const { store, database } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  const begun = `
    INSERT INTO sessions
      (hash, kind, tenant, access_id, created_at, last_used_at, expires_at)
    SELECT 'session', 'person', tenant, id, 0, 0, 9 FROM access FOR SHARE
  `;
  const { waited } = await holding(database, begun, () =>
    store.users.change(
      ACME,
      id,
      ({ profile }) => ({ ...profile.attributes, active: false }),
      at(1),
    ),
  );
  expect(waited).toBe(true);
  expect(await store.sessions.list(ACME.tenant, id)).toEqual([]);
  expect(await troubles(database)).toEqual([]);
});

it('do not begin after a deactivation that they waited for', async () => {
  const { store, database } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  const deactivated = `
    UPDATE access SET active = FALSE, attributes = '{"userName":"ann","active":false}', version = version + 1
  `;
  const { answer, waited } = await holding(database, deactivated, () =>
    store.sessions.create(sessionOf(id)),
  );
  expect(waited).toBe(true);
  expect(answer).toBe(false);
  expect(await store.sessions.list(ACME.tenant, id)).toEqual([]);
});

it('are not found while the user is inactive, even if a row was left', async () => {
  const { store, database } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  expect(await store.sessions.create(sessionOf(id))).toBe(true);
  await database.query(
    `UPDATE access SET active = FALSE, attributes = '{"userName":"ann","active":false}'`,
  );
  expect(await store.sessions.find({ tenant: ACME.tenant, hash: 'session' })).toBeUndefined();
  await database.query('DELETE FROM access');
  expect(await store.sessions.find({ tenant: ACME.tenant, hash: 'session' })).toBeUndefined();
});
