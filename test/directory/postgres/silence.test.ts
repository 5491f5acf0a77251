/** Statements without a response: lost on the way, or still being executed by the server. */
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PostgresAddress } from '../../../src/directory/postgres/connection/address.ts';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../src/directory/postgres/connection/connections.ts';
import { lostAmong } from '../../../src/directory/postgres/connection/liveness-check.ts';
import type { Settings } from '../../../src/directory/postgres/connection/pool.ts';
import { prepareDatabase } from '../../../src/directory/postgres/setup-connection.ts';
import type { Steps } from '../../../src/directory/sql/search/steps.ts';
import { template } from '../../../src/directory/sql/template.ts';
import {
  createDatabase,
  type PostgresDirectory,
  usePostgres,
} from '../../support/directory/postgres.ts';
import { eventually } from '../../support/eventually.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

const UNAVAILABLE = { name: 'ScimError', status: 503, retryAfter: 5 };
/** Waiting for a connection takes longer than a busy machine and `slow` do. */
const LIMITS = {
  acquireMs: 20_000,
  suspicionMs: 200,
  unreachableMs: 1_000,
  lookMs: 50,
  sweepMs: 50,
};
const SIZE = 4;

let directory: PostgresDirectory;
let proxy: TcpProxy;
let settings: Settings;
let connections: Connections;
beforeEach(async () => {
  directory = await usePostgres();
  const url = new URL(directory.database.url);
  proxy = await startTcpProxy(url.hostname, Number(url.port));
  url.host = `127.0.0.1:${proxy.port}`;
  settings = () => ({ connectionString: url.href, application_name: 'silence' });
  // One more is reserved.
  connections = openConnections(settings, SIZE + 1, LIMITS);
});
afterEach(async () => {
  await connections.close();
  await proxy.close();
  await directory.close();
});

const all = <T>(count: number, ask: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, ask));
const one = () => connections.all(sql`SELECT 1 AS one`);
/** Takes long enough for all of them to be seen running. */
const slow = () => connections.all(sql`SELECT pg_sleep(3)`);
const sleep = template(compose, () => sql`SELECT pg_sleep(3)`);
function* steps(): Steps<readonly unknown[]> {
  return yield { template: sleep, input: {} };
}
const read = async (integrationId: string, given = connections) =>
  given.reader({ integrationId, steps: steps() });
const working = () =>
  directory.database.query(
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'silence' AND query LIKE '%pg_sleep%' AND state = 'active'",
  );

describe('a path that swallows the traffic of open connections', () => {
  it('fails the statements that were running, and none that come later', async () => {
    const lost = Array.from({ length: SIZE }, slow);
    const refusals = Promise.allSettled(lost);
    await eventually(async () => expect(await working()).toHaveLength(SIZE));
    proxy.mute();
    const later = all(20, one);
    for (const { status, ...rest } of await refusals) {
      expect({ status, ...rest }).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
    }
    expect(await later).toHaveLength(20);
  });

  it('fails no read, because it is run once more', async () => {
    const lost = Promise.all(Array.from({ length: SIZE }, (_, n) => read(`okta-${n}`)));
    await eventually(async () => expect(await working()).toHaveLength(SIZE));
    proxy.mute();
    expect(await lost).toHaveLength(SIZE);
  });

  it('fails a read that has waited for longer than for a connection by then', async () => {
    const hasty = openConnections(settings, SIZE, {
      ...LIMITS,
      acquireMs: 1_000,
      suspicionMs: 1_500,
    });
    const refusal = read('okta', hasty).catch((error: unknown) => error);
    await eventually(async () => expect(await working()).toHaveLength(1));
    proxy.mute();
    expect(await refusal).toMatchObject(UNAVAILABLE);
    await hasty.close();
  });

  it('is not noticed by requests if no statement was running', async () => {
    await all(SIZE, slow);
    proxy.mute();
    // Connections are trusted this long without a check.
    await eventually(async () => expect(await one()).toHaveLength(1), { everyMs: LIMITS.lookMs });
    expect(await all(20, one)).toHaveLength(20);
  });

  it('ends a transaction in the middle', async () => {
    const work = async ({ all }: Pick<Connections, 'all'>) => {
      await all(sql`SELECT 1`);
      proxy.mute();
      await all(sql`SELECT 1`);
    };
    await expect(connections.transaction(work)).rejects.toMatchObject(UNAVAILABLE);
    expect(await connections.transaction(({ all }) => all(sql`SELECT 1`))).toHaveLength(1);
  });

  it('causes 503 while new connections are also swallowed, and no longer', async () => {
    const hasty = openConnections(settings, SIZE, { ...LIMITS, acquireMs: 2_000 });
    const ask = () => hasty.all(sql`SELECT 1 AS one`);
    await eventually(ask);
    proxy.swallow();
    await expect(all(SIZE * 3, ask)).rejects.toMatchObject(UNAVAILABLE);
    await expect(ask()).rejects.toMatchObject(UNAVAILABLE);
    proxy.heal();
    await eventually(async () => expect(await all(20, ask)).toHaveLength(20));
    await hasty.close();
  });
});

describe('the first connection', () => {
  it('is given up if the path swallows its statement, and leaves no lock behind', async () => {
    const database = await createDatabase();
    const locking = new pg.Client({ connectionString: database.url });
    await locking.connect();
    // Makes the migration wait, so that the path can be muted in the middle of it.
    await locking.query("SELECT pg_advisory_lock(x'5343494d'::int)");
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    const begin = (silenceMs?: number) =>
      prepareDatabase(new PostgresAddress(() => url.href), () => 0, silenceMs);
    const first = begin(2_000);
    const refusal = first.catch((error: unknown) => error);
    await eventually(async () =>
      expect(
        await database.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"),
      ).toHaveLength(1),
    );
    proxy.mute();
    expect(await refusal).toMatchObject({ message: 'the server did not respond in time' });
    await locking.end();
    expect(await begin()).toBe('public');
    await database.drop();
  });
});

describe('a server that is executing statements', () => {
  it('is waited for, however many others wait for a connection', async () => {
    const answers = Promise.all(Array.from({ length: SIZE }, slow));
    expect(await all(20, one)).toHaveLength(20);
    expect(await answers).toHaveLength(SIZE);
  });
});

describe('a server that takes too long', () => {
  it('is not asked once more', async () => {
    const hasty = openConnections(settings, SIZE, { ...LIMITS, silenceMs: 500 });
    await expect(read('okta', hasty)).rejects.toMatchObject(UNAVAILABLE);
    expect(await working()).toHaveLength(1);
    await eventually(async () => expect(await working()).toHaveLength(0));
    await hasty.close();
  });
});

describe('among statements without a response', () => {
  const waiting = (...sessions: { direct: boolean; pid: number }[]) =>
    sessions.map((session, index) => ({ session, askedAt: index }));
  const pooled = (pid: number) => ({ direct: false, pid });
  const direct = (pid: number) => ({ direct: true, pid });
  const lost = (...args: Parameters<typeof lostAmong>) => lostAmong(...args).map(({ pid }) => pid);

  it.each([
    [
      'those that the server is not executing are lost',
      [direct(1), direct(2), direct(3)],
      [2, 9],
      [1, 3],
    ],
    ['none that it is executing is lost', [direct(1), direct(2)], [1, 2], []],
    [
      'the oldest are lost behind a pooler if it is executing fewer',
      [pooled(1), pooled(2), pooled(3)],
      [77],
      [1, 2],
    ],
    [
      'none is lost behind a pooler if it is executing as many',
      [pooled(1), pooled(2)],
      [77, 78, 79],
      [],
    ],
  ])('%s', (_, sessions, atWork, expected) => {
    expect(lost(waiting(...sessions), atWork)).toEqual(expected);
  });
});
