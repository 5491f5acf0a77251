/** What goes wrong between the directory and PostgreSQL, and what callers see of it. */
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../../src/directory/postgres/connection/connections.ts';
import { SharedTemplate } from '../../../../src/directory/sql/search/shared-template.ts';
import type { Steps } from '../../../../src/directory/sql/search/steps.ts';
import { Slot, Template, template } from '../../../../src/directory/sql/template.ts';
import { type PostgresDirectory, usePostgres } from '../../../support/directory/postgres.ts';
import { eventually } from '../../../support/eventually.ts';
import { ACME, addUser, at } from '../../contract/fixture.ts';

const UNAVAILABLE = { name: 'ScimError', status: 503, retryAfter: 5 };
const ADD_KEY = sql`INSERT INTO signing_keys VALUES ('cursor', 'a secret value')`;

let directory: PostgresDirectory;
let connections: Connections;
beforeEach(async () => {
  directory = await usePostgres();
  connections = openConnections(settingsOf(directory.database.url), 10);
});
afterEach(async () => {
  await connections.close();
  await directory.close();
});

const settingsOf = (connectionString: string) => () => ({ connectionString });
const pidOf = async (queries: Pick<Connections, 'all'> = connections) => {
  const [row] = await queries.all<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  return row?.pid;
};
const terminate = (pid: number | undefined) =>
  directory.database.query('SELECT pg_terminate_backend($1, 5000)', [pid]);

const named = (application_name: string) => () => ({
  connectionString: directory.database.url,
  application_name,
});

/** The database's URL for a role that is limited to this number of connections. */
async function limitedRole(limit: number) {
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  const { query } = directory.database;
  await query(`CREATE ROLE ${role} LOGIN PASSWORD 'p' CONNECTION LIMIT ${limit}`);
  const url = new URL(directory.database.url);
  Object.assign(url, { username: role, password: 'p' });
  return { url: url.href, drop: () => query(`DROP ROLE ${role}`) };
}

describe('a statement that fails by its own fault', () => {
  it('leaves its connection to the next one', async () => {
    const pid = await pidOf();
    await expect(connections.run(ADD_KEY)).rejects.toMatchObject({ code: '23505' });
    expect(await pidOf()).toBe(pid);
    await expect(connections.transaction(({ run }) => run(ADD_KEY))).rejects.toThrow();
    expect(await pidOf()).toBe(pid);
  });

  it('fails in the same way when it runs again', async () => {
    for (const _ of [1, 2]) {
      await expect(connections.run(ADD_KEY)).rejects.toMatchObject({ code: '23505' });
    }
  });

  it.each([
    ['a value of the wrong type', sql`SELECT ${'a secret value'}::text::integer`],
    ['a row that exists', ADD_KEY],
    ['an invalid JSON text', sql`SELECT ${'{"a secret value'}::text::json`],
  ])('fails without quoting %s', async (_, statement) => {
    const error = await connections.run(statement).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'StatementError' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('a secret value');
  });
});

describe('a transaction', () => {
  it('that meets a defect fails with the defect, and not as if the database were unavailable', async () => {
    const work = () => Promise.reject(new TypeError('a defect'));
    await expect(connections.transaction(work)).rejects.toThrow(TypeError);
    expect(await pidOf()).toBeTypeOf('number');
  });

  it('that continues after an error is not taken for committed', async () => {
    const work = async ({ run }: Pick<Connections, 'run'>) => {
      await run(sql`INSERT INTO signing_keys VALUES ('lost', 'x')`);
      await run(ADD_KEY).catch(() => undefined);
    };
    await expect(connections.transaction(work)).rejects.toThrow('after an error');
    expect(await connections.all(sql`SELECT 1 FROM signing_keys WHERE name = 'lost'`)).toEqual([]);
  });

  it('whose connection is ended by the server is 503, and the next one succeeds', async () => {
    const work = async (queries: Pick<Connections, 'all'>) => {
      await terminate(await pidOf(queries));
      await pidOf(queries);
    };
    await expect(connections.transaction(work)).rejects.toMatchObject(UNAVAILABLE);
    expect(await connections.transaction(pidOf)).toBeTypeOf('number');
  });

  it('is ended by the server if its process has vanished', async () => {
    const [row] = await connections.all(sql`SHOW idle_in_transaction_session_timeout`);
    expect(row).toEqual({ idle_in_transaction_session_timeout: '10s' });
  });
});

describe('statements in one round trip', () => {
  const insert = (name: string) => sql<{ name: string }>`
    INSERT INTO signing_keys VALUES (${name}, 'x') RETURNING name
  `;
  const named = sql<{ name: string }>`SELECT name FROM signing_keys WHERE value = 'x' ORDER BY 1`;

  it('see what the others before them wrote', async () => {
    const [first, seen] = await connections.together([insert('one'), named]);
    expect([first, seen]).toEqual([[{ name: 'one' }], [{ name: 'one' }]]);
    const again = await connections.together([insert('two'), insert('three'), named]);
    expect(again.at(-1)?.map(({ name }) => name)).toEqual(['one', 'three', 'two']);
    await connections.run(sql`DELETE FROM signing_keys WHERE value = 'x'`);
  });

  it('leave nothing behind if one of them fails', async () => {
    await expect(connections.together([insert('lost'), ADD_KEY])).rejects.toMatchObject({
      code: '23505',
    });
    expect(await connections.all(named)).toEqual([]);
  });

  it('belong to the transaction that is running', async () => {
    const failing = connections.transaction(async ({ together }) => {
      await together([insert('lost'), named]);
      throw new TypeError('a defect');
    });
    await expect(failing).rejects.toThrow(TypeError);
    expect(await connections.all(named)).toEqual([]);
  });
});

describe('a long read', () => {
  const waits = template<object, object>(compose, () => sql`SELECT 1 FROM groups`);
  const readBy = (integrationId: string, { reader }: Connections) =>
    reader({
      integrationId,
      isLarge: true,
      steps: (function* () {
        yield { template: waits, input: {} };
      })(),
    });

  it.each([3, 4, 10])('leaves turns to writes if there are %i connections', async (size) => {
    const few = openConnections(settingsOf(directory.database.url), size);
    const holder = new pg.Client({ connectionString: directory.database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE groups');
    const reads = ['a', 'b', 'c'].map((integrationId) => readBy(integrationId, few));
    await eventually(async () => {
      const rows = await directory.database.query('SELECT 1 FROM pg_locks WHERE NOT granted');
      expect(rows).not.toEqual([]);
    });
    expect(await few.writing('x', () => few.all(sql`SELECT 1 AS one`))).toEqual([{ one: 1 }]);
    await holder.query('ROLLBACK');
    await Promise.all(reads);
    await holder.end();
    await few.close();
  });

  it('waits for another long read longer than a write waits for its turn', async () => {
    const four = openConnections(settingsOf(directory.database.url), 4, { acquireMs: 200 });
    const holder = new pg.Client({ connectionString: directory.database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE groups');
    const reads = Promise.all(['a', 'b'].map((integrationId) => readBy(integrationId, four)));
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    const write = four.writing('x', () => isOver);
    // It began to wait after the second read.
    await expect(four.writing('y', async () => undefined)).rejects.toMatchObject({ status: 503 });
    end();
    await holder.query('ROLLBACK');
    await Promise.all([reads, write]);
    await holder.end();
    await four.close();
  });
});

describe('a statement that is repeated', () => {
  it('is planned once, even if a plan for its values would be cheaper', async () => {
    const { url, query } = directory.database;
    await query('CREATE TABLE uneven (value integer PRIMARY KEY)');
    await query('INSERT INTO uneven SELECT generate_series(1, 10000)');
    await query('ANALYZE uneven');
    const single = openConnections(settingsOf(url), 1);
    const below = (value: number) => sql`SELECT count(*) FROM uneven WHERE value < ${value}`;
    for (const value of [1, 2, 3, 4, 5, 6, 7, 8]) await single.all(below(value));
    const [plans] = await single.all<{ generic: number; custom: number }>(
      sql`
        SELECT generic_plans AS generic, custom_plans AS custom
        FROM pg_prepared_statements
        WHERE statement LIKE 'SELECT count(%'
      `,
    );
    expect(plans).toEqual({ generic: 8, custom: 0 });
    await single.close();
  });
});

describe('statements whose texts are those of requests', () => {
  it('make room for each other, and the statements of the program stay prepared', async () => {
    const single = openConnections(settingsOf(directory.database.url), 1);
    const program = template<{ n: number }, { found: number }>(
      compose,
      ({ n }) => sql`SELECT ${n}::integer AS found`,
    );
    const ask = (column: string) =>
      single.all<Record<string, number>>(sql`SELECT 1 AS ${sql.raw(column)}`);
    const textsOf = async () => {
      const rows = await single.all<{ statement: string }>(
        sql`SELECT statement FROM pg_prepared_statements`,
      );
      return rows.map(({ statement }) => statement);
    };
    await single.all(program, { n: 1 });
    for (let n = 0; n < 500; n++) {
      expect(await ask(`c${n}`)).toEqual([{ [`c${n}`]: 1 }]);
      await ask('common');
    }
    const texts = await textsOf();
    expect(texts).toContain('SELECT $1::integer AS found');
    expect(texts).toContain('SELECT 1 AS common');
    expect(texts).toContain('SELECT 1 AS c499');
    expect(texts).not.toContain('SELECT 1 AS c0');
    expect(texts.length).toBeLessThan(250);
    expect(await ask('c0')).toEqual([{ c0: 1 }]);
    await single.close();
  });

  it('are prepared under a name that a failed round trip did not free', async () => {
    const single = openConnections(settingsOf(directory.database.url), 1);
    for (let n = 0; n < 200; n++) await single.all(sql`SELECT 1 AS ${sql.raw(`c${n}`)}`);
    const wrong = sql`SELECT 1 / 0 AS wrong`;
    const other = sql`SELECT 2 AS other`;
    await expect(single.together([wrong, other])).rejects.toThrow('22012');
    expect(await single.all(other)).toEqual([{ other: 2 }]);
    await single.close();
  });
});

describe('a plan that is kept', () => {
  it('has no parallel workers, wherever it was made', async () => {
    const { url, query } = directory.database;
    await query('CREATE TABLE wide (value integer)');
    await query('INSERT INTO wide SELECT generate_series(1, 10000)');
    await query('ANALYZE wide');
    const eager = ['min_parallel_table_scan_size', 'parallel_setup_cost', 'parallel_tuple_cost'];
    const options = eager.map((name) => `-c ${name}=0`).join(' ');
    const single = openConnections(() => ({ connectionString: url, options }), 1);
    const plan = await single.all<{ 'QUERY PLAN': string }>(sql`EXPLAIN SELECT count(*) FROM wide`);
    expect(plan.map((row) => row['QUERY PLAN']).join()).toContain('Seq Scan');
    expect(plan.map((row) => row['QUERY PLAN']).join()).not.toContain('Gather');
    await single.close();
  });
});

describe('two statements in a round trip, each of which is a transaction', () => {
  it('are run again after a deadlock, but only the one that met it', async () => {
    const { url, query } = directory.database;
    await query('CREATE TABLE rows (name text, value integer)');
    await query(`INSERT INTO rows VALUES ('first', 0), ('second', 0)`);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    // The other session waits longer for a deadlock than this one, which is therefore ended.
    await other.query(`SET deadlock_timeout = '1min'; BEGIN`);
    await other.query(`UPDATE rows SET value = 10 WHERE name = 'second'`);
    const crossing = template(
      compose,
      () => sql`
        WITH first AS (UPDATE rows SET value = value + 1 WHERE name = 'first' RETURNING 1)
        UPDATE rows SET value = value + 1 WHERE name = 'second' AND EXISTS (SELECT 1 FROM first)
        RETURNING value
      `,
    );
    await query('CREATE TABLE counted (value integer)');
    const counted = template(compose, () => sql`INSERT INTO counted VALUES (1)`);
    const both = connections.both(
      { template: counted, input: {} },
      { template: crossing, input: {} },
    );
    await eventually(async () => {
      const rows = await query('SELECT 1 FROM pg_locks WHERE NOT granted');
      expect(rows).not.toEqual([]);
    });
    await other.query(`UPDATE rows SET value = 10 WHERE name = 'first'; COMMIT`);
    expect(await both).toEqual({ rows: [{ value: 11 }], missed: undefined });
    expect(await query('SELECT value FROM rows ORDER BY name')).toEqual([
      { value: 11 },
      { value: 11 },
    ]);
    expect(await query('SELECT value FROM counted')).toEqual([{ value: 1 }]);
    await other.end();
  });
});

describe('values of statements', () => {
  it.each([
    ['a text', 'a "quoted" \\ text, {braces} and ü 漢 😀', 'text'],
    ['an empty text', '', 'text'],
    ['nothing', null, 'text'],
    ['a number', -12.5, 'float8'],
    ['a truth value', false, 'boolean'],
    ['texts', ['a "quoted" \\ text', '', 'NULL', '{a,b}', 'ü'], 'text[]'],
    ['no texts', [], 'text[]'],
    ['truth values', [true, false], 'boolean[]'],
    ['a long text', 'ü'.repeat(100_000), 'text'],
  ])('arrive as they are: %s', async (_, value, type) => {
    const statement = sql`SELECT ${sql.param(value)}::${sql.raw(type)} AS value`;
    expect(await connections.all(statement)).toEqual([{ value }]);
  });

  it('are refused if they are objects, and the connection survives', async () => {
    const pid = await pidOf();
    await expect(connections.run(sql`SELECT ${sql.param({})}::text`)).rejects.toThrow();
    expect(await pidOf()).toBe(pid);
  });
});

describe('reserved connections', () => {
  it('are free however many statements wait for the others', async () => {
    const statements = Array.from({ length: 20 }, () => connections.all(sql`SELECT pg_sleep(1)`));
    let running = statements.length;
    for (const each of statements) void each.then(() => running--);
    const pids = await Promise.all([1, 2, 3].map(() => pidOf(connections.reserved)));
    expect(pids).not.toContain(undefined);
    expect(running).toBe(statements.length);
    await Promise.all(statements);
  });
});

describe('reads of one integration', () => {
  const asleep = compose(sql`SELECT 1 AS n, pg_sleep(${new Slot('seconds')})`);
  const slow = { shared: new SharedTemplate(asleep), single: new Template(asleep) };
  function* steps(given: Template<object, unknown>, seconds: string): Steps<readonly unknown[]> {
    return yield { template: given, input: { seconds } };
  }

  it.each(['shared', 'single'] as const)('leave connections to others: %s ones', async (kind) => {
    const read = async (integrationId: string, seconds: string) =>
      connections.reader({ integrationId, steps: steps(slow[kind], seconds) });
    await read('entra', '0');
    // Each is another statement.
    const reads = Array.from({ length: 8 }, (_, n) => read('okta', `2.${n}`));
    let running = reads.length;
    for (const each of reads) void each.then(() => running--);
    await read('entra', '0');
    expect(running).toBe(reads.length);
    await Promise.all(reads);
  });

  it('are unavailable while those before them get no response', async () => {
    const hasty = openConnections(settingsOf(directory.database.url), 4, { acquireMs: 200 });
    const reads = Array.from({ length: 4 }, (_, n) => steps(slow.single, `1.${n}`));
    const read = async (each: Steps<readonly unknown[]>) =>
      hasty.reader({ integrationId: 'okta', steps: each });
    const results = await Promise.allSettled(reads.map(read));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const result of refused) expect(result).toMatchObject({ reason: UNAVAILABLE });
    await hasty.close();
  });
});

describe('a connection', () => {
  it('that the server ended while it was idle is replaced', async () => {
    const pid = await pidOf();
    await terminate(pid);
    await expect(pidOf()).resolves.not.toBe(pid);
  });

  it('that the server ends during a statement is not given to the next waiter', async () => {
    const only = openConnections(settingsOf(directory.database.url), 1);
    const ended = sql`SELECT pg_terminate_backend(pg_backend_pid())`;
    const failing = expect(only.run(ended)).rejects.toMatchObject(UNAVAILABLE);
    const waiting = Array.from({ length: 3 }, () => pidOf(only));
    await failing;
    expect(await Promise.all(waiting)).toHaveLength(3);
    await only.close();
  });

  it('that accepts no writes is 503 and replaced, as by one to a new primary', async () => {
    const pid = await pidOf();
    await connections.run(sql`SET default_transaction_read_only = on`);
    await expect(connections.run(ADD_KEY)).rejects.toMatchObject(UNAVAILABLE);
    expect(await pidOf()).not.toBe(pid);
  });

  it('that the server has no room for is 503', async () => {
    const { url, drop } = await limitedRole(1);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const second = openConnections(settingsOf(url), 10, { acquireMs: 300, sweepMs: 50 });
    await expect(pidOf(second)).rejects.toMatchObject(UNAVAILABLE);
    await second.close();
    await client.end();
    await drop();
  });

  it('that the server has no room for is not missed while others work', async () => {
    const { url, drop } = await limitedRole(2);
    const pools = [1, 2].map(() => openConnections(settingsOf(url), 5, { sweepMs: 50 }));
    for (const pool of pools) await pidOf(pool);
    const answers = pools.flatMap((pool) => Array.from({ length: 100 }, () => pidOf(pool)));
    expect(await Promise.all(answers)).not.toContain(undefined);
    await Promise.all(pools.map((pool) => pool.close()));
    await drop();
  });

  it('that the server has no room for is waited for until there is room', async () => {
    const { url, drop } = await limitedRole(1);
    const open = (acquireMs: number) =>
      openConnections(settingsOf(url), 5, { acquireMs, sweepMs: 50 });
    const [first, waiting, hasty] = [open(5_000), open(30_000), open(300)];
    await pidOf(first);
    const answer = pidOf(waiting);
    await expect(pidOf(hasty)).rejects.toMatchObject(UNAVAILABLE);
    // Otherwise, it could get the only connection after all.
    await hasty.close();
    await first.close();
    expect(await answer).toBeTypeOf('number');
    await waiting.close();
    await drop();
  });

  it('is replaced at the end of its life', async () => {
    const short = openConnections(settingsOf(directory.database.url), 2, { lifeMs: 100 });
    const pid = await pidOf(short);
    await eventually(async () => expect(await pidOf(short)).not.toBe(pid));
    await short.close();
  });

  it('is closed when it is not needed, except for one', async () => {
    const idle = openConnections(named('idle'), 5, { idleMs: 100, sweepMs: 50 });
    await Promise.all(Array.from({ length: 5 }, () => idle.all(sql`SELECT pg_sleep(0.1)`)));
    const open = () =>
      directory.database.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'idle'");
    await eventually(async () => expect(await open()).toHaveLength(1));
    await idle.close();
    await eventually(async () => expect(await open()).toHaveLength(0));
  });

  it('is waited for by many more requests than there are connections', async () => {
    const { store } = directory;
    const { id } = await addUser(store, ACME, 'ann');
    const titles = Array.from({ length: 60 }, (_, index) => `${index}`);
    await Promise.all(
      titles.map((title) =>
        store.users.change(ACME, id, (user) => ({ ...user.profile.attributes, title }), at(1)),
      ),
    );
    await expect(store.users.get(ACME, id, false)).resolves.toMatchObject({ version: 61 });
  });

  it('may receive notices', async () => {
    await connections.run(sql`DO $$ BEGIN RAISE NOTICE 'a notice'; END $$`);
    await expect(pidOf()).resolves.toBeTypeOf('number');
  });
});
