/** A PostgreSQL server that becomes unavailable and comes back. */
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../hack/postgres/start.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import { openConnections } from '../../../src/directory/postgres/connection/connections.ts';
import { captureLog } from '../../support/captured-log.ts';
import { eventually } from '../../support/eventually.ts';
import { type ScimServer, startScimServer } from '../../support/scim-server/server.ts';

let postgres: PostgresServer;
let server: ScimServer;
const captured = captureLog();
beforeAll(async () => {
  postgres = await startPostgres();
  server = await startScimServer({
    log: captured.log,
    open: async () => {
      const store = await openDirectory(postgres.url);
      return { store, close: () => store.close() };
    },
  });
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

describe('while PostgreSQL is unavailable', () => {
  it('every request is 503 with Retry-After, and every acknowledged write is there afterwards', async () => {
    const client = await server.addIntegration();
    const acknowledged: string[] = [];
    let refused = 0;
    let stop = false;
    const writer = async (name: string) => {
      for (let count = 0; !stop; count++) {
        const userName = `${name}-${count}`;
        const { status, headers, text } = await client.send('POST', '/Users', { userName });
        if (status === 201) acknowledged.push(userName);
        else {
          expect({ status, text }).toMatchObject({ status: 503 });
          expect(headers.get('retry-after')).toBe('5');
          refused++;
        }
      }
    };
    const writers = ['a', 'b', 'c', 'd'].map(writer);
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(20));
    await postgres.kill();
    await eventually(() => expect(server.store.ping()).rejects.toMatchObject({ status: 503 }));
    await eventually(() => expect(refused).toBeGreaterThan(20));
    await postgres.restart();
    const before = acknowledged.length;
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 20));
    await expect(server.store.ping()).resolves.toBeUndefined();
    stop = true;
    await Promise.all(writers);
    const told = captured.lines.filter(({ msg }) => msg.startsWith('the directory'));
    // The server's processes end one after the other, so one that is left may respond in between.
    const pair = [
      ['warn', 'the directory is unreachable; requests are refused with 503'],
      ['info', 'the directory is reachable again'],
    ];
    const pairs = Array.from({ length: told.length / 2 }, () => pair);
    expect(told.map(({ level, msg }) => [level, msg])).toEqual(pairs.flat());
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(refused);
    expect(told[0]?.reason).toMatch(/terminat|ECONN|shut|closed/i);
    for (const userName of acknowledged) {
      const filter = encodeURIComponent(`userName eq "${userName}"`);
      const { body } = await client.send('GET', `/Users?filter=${filter}&attributes=id`);
      expect(body.totalResults).toBe(1);
    }
  });

  it('metrics show the outage, and the last known values', async () => {
    const client = await server.addIntegration();
    const id = `integration="${client.record.id}"`;
    const scrape = () => server.registry.metrics();
    expect(await scrape()).toContain(id);
    await postgres.kill();
    // The server's processes end one after the other.
    const text = await eventually(async () => {
      const scraped = await scrape();
      expect(scraped).toMatch(/^scim_directory_up 0$/m);
      return scraped;
    });
    expect(text).toContain(id);
    await postgres.restart();
    await eventually(async () => expect(await scrape()).toMatch(/^scim_directory_up 1$/m));
  });

  it('clients are told nothing about the database', async () => {
    const client = await server.addIntegration();
    await postgres.kill();
    const { text } = await eventually(async () => {
      const answer = await client.send('GET', '/Users');
      expect(answer.status).toBe(503);
      return answer;
    });
    expect(text).not.toMatch(/postgres|ECONN|127\.0\.0\.1|terminat/i);
    await postgres.restart();
  });
});

describe('a server that accepts no writes', () => {
  const admin = async (text: string) => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  const set = async (setting: string) => {
    await admin(`ALTER SYSTEM ${setting}`);
    await admin('SELECT pg_reload_conf()');
  };
  const sessions = async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const { rows } = await client.query(
      "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'scim-operator%'",
    );
    await client.end();
    return rows.length;
  };

  it('is left: nothing is read from it, not even tokens, until one accepts writes', async () => {
    const client = await server.addIntegration();
    await Promise.all(Array.from({ length: 30 }, () => client.send('GET', '/Users')));
    await set('SET default_transaction_read_only = on');
    const read = async () => (await client.send('GET', '/Users')).status;
    // The setting reaches the processes of the server one after the other.
    await eventually(async () =>
      expect(new Set(await Promise.all(Array.from({ length: 30 }, read)))).toEqual(new Set([503])),
    );
    await expect(server.store.ping()).rejects.toMatchObject({ status: 503 });
    // Tokens have connections of their own, which notice it by themselves.
    await eventually(() =>
      expect(server.store.tokens.owner('unknown')).rejects.toMatchObject({ status: 503 }),
    );
    await eventually(async () => expect(await sessions()).toBe(0));
    await set('RESET default_transaction_read_only');
    await eventually(async () => expect(await read()).toBe(200));
  });

  it('is not read from after it became a standby, until it is promoted', async () => {
    const client = await server.addIntegration();
    const create = async (userName: string) =>
      (await client.send('POST', '/Users', { userName })).status;
    expect(await create('before-the-switch')).toBe(201);
    await postgres.kill();
    await postgres.restartAsStandby();
    expect((await client.send('GET', '/Users')).status).toBe(503);
    expect(await create('meanwhile')).toBe(503);
    await admin('SELECT pg_promote()');
    await eventually(async () => expect(await create('after-the-switch')).toBe(201));
  });

  it('because its standby is gone holds up a bounded number of writes; others are 503', async () => {
    const settings = () => ({ connectionString: postgres.url, application_name: 'bounded' });
    const limits = { suspicionMs: 100, silenceMs: 300, acquireMs: 300, sweepMs: 50 };
    const connections = openConnections(settings, 4, limits);
    await connections.run(sql`CREATE TABLE IF NOT EXISTS written (n int)`);
    const write = () => connections.run(sql`INSERT INTO written VALUES (1)`);
    await set("SET synchronous_standby_names = 'gone'");
    const stuck = async () => {
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      const { rows } = await client.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'bounded' AND wait_event = 'SyncRep'",
      );
      await client.end();
      return rows.length;
    };
    const refused: unknown[] = [];
    // One of the connections is reserved. The setting reaches the server's processes one by one.
    await eventually(async () => {
      await write().catch((error: unknown) => refused.push(error));
      expect(await stuck()).toBe(3);
    });
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 5 }, () => write().catch((error: unknown) => refused.push(error))),
      );
      expect(await stuck()).toBe(3);
    }
    expect(refused.length).toBeGreaterThanOrEqual(50);
    for (const error of refused) expect(error).toMatchObject({ status: 503, retryAfter: 5 });
    await set('RESET synchronous_standby_names');
    await eventually(async () => expect(await write()).toBe(1));
    await eventually(async () => expect(await stuck()).toBe(0));
    await connections.close();
  });
});
