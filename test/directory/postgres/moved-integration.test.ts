/** An integration that moves to another tenant while it is read or disallowed. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Session } from '../../../src/directory/postgres/connection/session.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { holding } from '../../support/directory/postgres-tables.ts';
import { integration } from '../contract/fixture.ts';

const MOVED = `
  UPDATE registry SET tenant = 'globex' WHERE integration_id = 'okta';
  UPDATE integrations SET tenant = 'globex' WHERE id = 'okta';
`;

let directory: PostgresDirectory;
beforeEach(async () => {
  directory = await usePostgres();
  await directory.store.integrations.put(integration());
});
afterEach(() => directory.close());

it('is disallowed in its new tenant', async () => {
  const { store, database } = directory;
  const { waited } = await holding(database, MOVED, () => store.integrations.disallow(['okta']));
  expect(waited).toBe(true);
  expect(await store.integrations.get('okta')).toMatchObject({ tenant: 'globex', allowed: false });
});

it('is found in its new tenant', async () => {
  const { store, database } = directory;
  const original = Session.prototype.askAll;
  const spy = vi.spyOn(Session.prototype, 'askAll').mockImplementationOnce(async function (
    this: Session,
    statements,
  ) {
    const answers = await original.call(this, statements);
    await database.query(MOVED);
    return answers;
  });
  expect(await store.integrations.get('okta')).toMatchObject({ tenant: 'globex' });
  spy.mockRestore();
});
