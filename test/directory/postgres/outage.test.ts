/** A PostgreSQL server that goes away and comes back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../hack/postgres/start.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import { captureLog } from '../../support/captured-log.ts';
import { eventually } from '../../support/eventually.ts';
import { type ScimServer, startScimServer } from '../../support/scim-server.ts';

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

describe('while PostgreSQL is away', () => {
  it('every request is 503 with Retry-After, and afterwards all that was acknowledged is there', async () => {
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
    // The server's processes end one after the other: one that is left may answer in between.
    const pair = [
      ['warn', 'the directory did not answer; requests are refused with 503'],
      ['info', 'the directory answered again'],
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

  it('metrics say so, and what was known before', async () => {
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

  it('says nothing of the database to clients', async () => {
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
