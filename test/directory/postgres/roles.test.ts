/** One role owns and migrates the tables, and another one serves from them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DatabaseNotMigratedError,
  DatabaseRefusedError,
} from '../../../src/directory/database-errors.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import { createDatabase, type PostgresDatabase } from '../../support/directory/postgres.ts';
import { ACME, add, addGroup, addUser, at, remove, userNames } from '../contract/fixture.ts';

let database: PostgresDatabase;
let owner: string;
let app: string;
beforeAll(async () => {
  database = await createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  [owner, app] = [`${name}_owner`, `${name}_app`];
  await database.query(
    `CREATE ROLE ${owner} LOGIN PASSWORD 'p'; CREATE ROLE ${app} LOGIN PASSWORD 'p'; CREATE SCHEMA directory AUTHORIZATION ${owner}`,
  );
});
afterAll(async () => {
  await database.query(`DROP OWNED BY ${owner}, ${app}`);
  await database.query(`DROP ROLE ${owner}, ${app}`);
  await database.drop();
});

const openAs = (role: string) => {
  const url = new URL(database.url);
  Object.assign(url, { username: role, password: 'p' });
  return openDirectory(`${url.href}?schema=directory`);
};
const errorAs = async (role: string) => {
  const error = await openAs(role).catch((reason: unknown) => reason);
  return error as Error;
};

describe('a role without CREATE', () => {
  it('waits for the role that migrates, names the GRANTs that it lacks, and serves with them', async () => {
    expect(await errorAs(app)).toBeInstanceOf(DatabaseNotMigratedError);
    await (await openAs(owner)).close();

    const unseen = await errorAs(app);
    expect(unseen).toBeInstanceOf(DatabaseRefusedError);
    expect(unseen.message).toContain(`the role ${app} lacks privileges (schema directory: USAGE)`);
    const grants = unseen.message.slice(unseen.message.indexOf('GRANT'));
    await database.query(grants);

    const store = await openAs(app);
    const { id } = await addUser(store, ACME, 'ann');
    const group = await addGroup(store, ACME, 'admins');
    await store.groups.change(ACME, group.id, undefined, [add(id)], at(1));
    await store.groups.change(ACME, group.id, undefined, [remove(id)], at(2));
    await store.ping();
    expect(await userNames(store, ACME)).toEqual(['ann']);
    await store.users.delete(ACME, id, () => undefined, at(3));
    await store.close();
  });

  it('is told which privilege on which table is missing', async () => {
    await database.query(`REVOKE DELETE ON directory.tokens FROM ${app}`);
    const { message } = await errorAs(app);
    expect(message).toContain('(tokens: DELETE)');
    await database.query(message.slice(message.indexOf('GRANT')));
    await (await openAs(app)).close();
  });

  it('waits if the tables are older than its version', async () => {
    await database.query('CREATE TABLE kept AS TABLE directory.scim_operator_migrations');
    await database.query('DELETE FROM directory.scim_operator_migrations');
    const error = await errorAs(app);
    expect(error).toBeInstanceOf(DatabaseNotMigratedError);
    expect(error.message).toMatch(/run scim-operator migrate as the role that owns the schema/);
    await database.query('INSERT INTO directory.scim_operator_migrations TABLE kept');
    await (await openAs(app)).close();
  });
});
