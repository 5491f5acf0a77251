/**
 * Unexpected PostgreSQL databases, and the schema compared with its Drizzle description and with
 * SQLite's.
 */
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { getTableConfig as getSqliteConfig, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseRefusedError } from '../../../src/directory/database-errors.ts';
import { shownDatabaseUrl } from '../../../src/directory/database-url.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import { registry } from '../../../src/directory/postgres/registry.ts';
import * as schema from '../../../src/directory/postgres/schema.ts';
import * as sqliteSchema from '../../../src/directory/sqlite/schema.ts';
import { createDatabase, type PostgresDatabase } from '../../support/directory/postgres.ts';
import { eventually } from '../../support/eventually.ts';
import { ACME, addUser, userNames } from '../contract/fixture.ts';

let database: PostgresDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const open = () => openDirectory(database.url);
const refusal = async (url: string = database.url): Promise<string> => {
  const error = await openDirectory(url).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DatabaseRefusedError);
  return error instanceof Error ? error.message : '';
};

describe('opening a directory on PostgreSQL', () => {
  it('creates its tables once, even if several processes open it at once, and finds all data again', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, open));
    const [first] = stores;
    if (first !== undefined) await addUser(first, ACME, 'ann');
    await Promise.all(stores.map((store) => store.close()));
    const again = await open();
    expect(await userNames(again, ACME)).toEqual(['ann']);
    await again.close();
    expect(new Set(stores.map(({ cursorKey }) => cursorKey)).size).toBe(1);
  });

  it('works in a schema of its own, beside another program', async () => {
    await database.query('CREATE TABLE users (things text)');
    await database.query('CREATE SCHEMA directory');
    const store = await openDirectory(`${database.url}?options=-c%20search_path%3Ddirectory`);
    await addUser(store, ACME, 'ann');
    await store.close();
    expect(await database.query('SELECT * FROM public.users')).toEqual([]);
    expect(await database.query('SELECT * FROM directory.users')).toHaveLength(1);
  });

  describe('finds its schema', () => {
    const inSchema = (schema: string) => `${database.url}?schema=${schema}`;
    const onPath = (path: string) => `${database.url}?options=-c%20search_path%3D${path}`;
    const named = async (url: string) => {
      const store = await openDirectory(url);
      const names = await userNames(store, ACME);
      await store.close();
      return names;
    };

    beforeEach(async () => {
      const store = await open();
      await addUser(store, ACME, 'ann');
      await store.close();
    });

    it('with the tables, even if one named like the user comes before it', async () => {
      await database.query(`DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user); END $$`);
      expect(await named(database.url)).toEqual(['ann']);
    });

    it('with the tables, even if another program has some of their names on the path', async () => {
      await database.query('CREATE SCHEMA s9; CREATE TABLE s9.access (things text)');
      expect(await named(onPath('s9,public'))).toEqual(['ann']);
    });

    it('by the name in the URL, in which a second directory may begin', async () => {
      await database.query('CREATE SCHEMA "S 9"');
      expect(await named(inSchema('S%209'))).toEqual([]);
      expect(await named(inSchema('public'))).toEqual(['ann']);
    });

    it('and stays in it when a later connection has another path', async () => {
      const store = await open();
      await database.query('CREATE SCHEMA s9; CREATE TABLE s9.access (LIKE access INCLUDING ALL)');
      const { pathname } = new URL(database.url);
      await database.query(`ALTER DATABASE ${pathname.slice(1)} SET search_path = s9, public`);
      await database.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      expect(await eventually(() => userNames(store, ACME))).toEqual(['ann']);
      await store.close();
    });

    it('but refuses to choose between two on the path', async () => {
      await database.query('CREATE SCHEMA s9');
      await named(inSchema('s9'));
      expect(await refusal(onPath('s9,public'))).toMatch(
        /a directory in each of the schemas public, s9; name one .*\?schema=public/,
      );
    });

    it('but begins no second one beside one outside of the path', async () => {
      await database.query('CREATE SCHEMA s8');
      expect(await refusal(onPath('s8'))).toMatch(
        /is in the schema public, which is not on the search path \(s8\).*\?schema=public/,
      );
    });

    it("but doesn't create a missing one", async () => {
      expect(await refusal(inSchema('s7'))).toMatch(
        /has no schema s7; create it \(CREATE SCHEMA "s7"\)/,
      );
    });
  });

  it('refuses a database in which no schema of the path exists', async () => {
    expect(await refusal(`${database.url}?options=-c%20search_path%3Dnowhere`)).toMatch(
      /no schema on the search path \(nowhere\) exists/,
    );
  });

  it("refuses another program's database and leaves it alone", async () => {
    await database.query('CREATE TABLE tokens (things text)');
    expect(await refusal()).toMatch(/another program, which has a table tokens/);
    expect(
      await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"),
    ).toEqual([{ tablename: 'tokens' }]);
  });

  it('refuses a database that a newer version has migrated, and one that was altered', async () => {
    await (await open()).close();
    await database.query("INSERT INTO scim_operator_migrations VALUES ('9999-later', 'x', 0)");
    expect(await refusal()).toMatch(/a newer version has migrated it \(9999-later\)/);
    await database.query("DELETE FROM scim_operator_migrations WHERE name = '9999-later'");
    await database.query("UPDATE scim_operator_migrations SET sha256 = 'other'");
    expect(await refusal()).toMatch(/migration 0001-directory is not this version's/);
  });

  it('refuses an encoding that lacks some letters', async () => {
    await database.drop();
    database = await createDatabase('LATIN1');
    expect(await refusal()).toMatch(/its encoding is LATIN1; create it with ENCODING 'UTF8'/);
  });
});

describe('the URL of a database', () => {
  it.each([
    ['postgres://scim:secret@db/scim', 'postgres://scim:***@db/scim'],
    ['postgres://scim@db/scim?password=secret&sslmode=require', '***&sslmode=require'],
    ['postgres://scim@db/scim?passwd=secret&x.token=secret', 'postgres://scim@db/scim?passwd=***'],
    ['postgres://scim:12/secret@db/scim', 'postgres://***'],
    ['postgres://db/scim#secret', 'postgres://db/scim'],
    ['postgres://db/scim?pooler_prepared_statements=true', '?pooler_prepared_statements=true'],
    ['file:scim.db', 'file:scim.db'],
  ])('is shown without its password: %s', (url, shown) => {
    expect(shownDatabaseUrl(url)).toContain(shown);
    expect(shownDatabaseUrl(url)).not.toContain('secret');
  });
});

type Rows<Tables> = {
  [Name in keyof Tables as Tables[Name] extends { $inferSelect: unknown }
    ? Name
    : never]: Tables[Name] extends { $inferSelect: infer Row } ? Row : never;
};
type Same<A, B> = [A, B] extends [B, A] ? true : never;

describe('the schema', () => {
  // SQLite also numbers the entries of the activity log.
  it('has the same rows, as types, in both databases', () => {
    type OnSqlite = Rows<typeof sqliteSchema>;
    type Shared = Omit<OnSqlite, 'activity'> & { activity: Omit<OnSqlite['activity'], 'seq'> };
    const same: Same<Rows<typeof schema>, Shared> = true;
    expect(same).toBe(true);
  });

  // What is unique across tenants, PostgreSQL keeps in the registry.
  it('has the same tables, columns and indexes in both databases', () => {
    const postgres = Object.values(schema)
      .filter((table) => is(table, PgTable))
      .map(getTableConfig);
    const sqlite = Object.values(sqliteSchema)
      .filter((table) => is(table, SQLiteTable))
      .map(getSqliteConfig);
    const shape = ({ name, columns, indexes }: Shape) => ({
      name,
      columns: columns
        .filter((column) => column.name !== 'seq')
        .map((column) => [column.name, column.notNull]),
      indexes: indexes.map((index) => index.config.name).toSorted(),
    });
    const acrossTenants = ['integrations_owner'];
    const shapes = sqlite.map(shape).map(({ indexes, ...rest }) => ({
      ...rest,
      indexes: indexes.filter((name) => !acrossTenants.includes(name ?? '')),
    }));
    expect(postgres.map(shape)).toEqual(shapes);
  });

  it('is in the database as Drizzle sees it', async () => {
    await (await open()).close();
    const columns = await database.query<Record<string, string>>(
      "SELECT table_name, column_name, is_nullable, CASE data_type WHEN 'timestamp' THEN '' ELSE data_type END AS type FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'scim_operator_migrations' ORDER BY 1, 2",
    );
    const expected = [...Object.values(schema), registry]
      .filter((table) => is(table, PgTable))
      .map(getTableConfig)
      .flatMap(({ name, columns: described }) =>
        described.map((column) => ({
          table_name: name,
          column_name: column.name,
          is_nullable: column.notNull ? 'NO' : 'YES',
          type: column.getSQLType(),
        })),
      );
    const order = (a: Record<string, string>, b: Record<string, string>) =>
      `${a.table_name} ${a.column_name}` < `${b.table_name} ${b.column_name}` ? -1 : 1;
    expect(columns.toSorted(order)).toEqual(expected.toSorted(order));
  });

  it('has its keys and indexes as Drizzle sees them', async () => {
    await (await open()).close();
    const actual = await database.query(`
      SELECT t.relname AS table_name, i.relname AS name, x.indisunique AS is_unique,
        x.indisprimary AS is_key, string_agg(a.attname, ', ' ORDER BY k.position) AS columns
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_class t ON t.oid = x.indrelid
      CROSS JOIN unnest(x.indkey) WITH ORDINALITY AS k(attnum, position)
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
      WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> 'scim_operator_migrations'
      GROUP BY 1, 2, 3, 4
    `);
    const expected = [...Object.values(schema), registry]
      .filter((table) => is(table, PgTable))
      .map(getTableConfig)
      .flatMap(({ name, columns, primaryKeys, indexes }) => {
        const alone = columns.filter((each) => each.primary).map((each) => each.name);
        const together = primaryKeys.flatMap((key) => key.columns.map((each) => each.name));
        const key = { is_unique: true, is_key: true, columns: [...alone, ...together].join(', ') };
        return [
          { table_name: name, name: `${name}_pkey`, ...key },
          ...indexes.map(({ config }) => ({
            table_name: name,
            name: config.name,
            is_unique: config.unique,
            is_key: false,
            columns: config.columns.map((each) => ('name' in each ? each.name : '')).join(', '),
          })),
        ];
      });
    const order = (a: { name?: unknown }, b: { name?: unknown }) =>
      String(a.name) < String(b.name) ? -1 : 1;
    expect(actual.toSorted(order)).toEqual(expected.toSorted(order));
  });

  it('compares every text bytewise', async () => {
    await (await open()).close();
    const others = await database.query(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'scim_operator_migrations'",
    );
    expect(others).toEqual([]);
  });
});

interface Shape {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly notNull: boolean }[];
  readonly indexes: readonly { readonly config: { readonly name?: string | undefined } }[];
}
