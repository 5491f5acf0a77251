/** The last requests of an integration, as the directory knows them afterwards. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scopeOf } from '../../src/directory/store/integrations.ts';
import type { RecentRequest } from '../../src/directory/store/recent-requests.ts';
import { generateToken } from '../../src/directory/tokens.ts';
import { RecentRequests } from '../../src/scim-server/recent-requests.ts';
import { usePostgres } from '../support/directory/postgres.ts';
import { useSqlite } from '../support/directory/sqlite.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

describe.each([
  ['SQLite', useSqlite],
  ['PostgreSQL', usePostgres],
])('the last requests of an integration on %s', (_, open) => {
  let server: ScimServer;
  let client: ScimClient;
  beforeEach(async () => {
    server = await startScimServer({ open, rateLimit: 0 });
    client = await server.addIntegration();
  });
  afterEach(() => server.close());

  const written = async (of = client): Promise<readonly RecentRequest[]> => {
    await server.recent.flush();
    return server.store.recentRequests.list(scopeOf(of.record));
  };

  it('tell what was sent and what came of it, newest first', async () => {
    const headers = { 'x-request-id': 'from-okta' };
    const { id } = await client.send('POST', '/Users', { userName: 'ada' }, { headers });
    await client.send('GET', `/Users/${id}`);
    await client.send('GET', '/Users?filter=userName%20eq%20%22ada%40acme%22&count=10');
    const [search, read, created, ...rest] = await written();
    const keyId = client.token.slice(5, 15);
    expect(search).toMatchObject({ path: '/Users?filter=userName eq "…"&count=10', status: 200 });
    expect(read).toMatchObject({ method: 'GET', path: `/Users/${id}`, status: 200, keyId });
    expect(created).toMatchObject({ method: 'POST', status: 201, requestId: 'from-okta' });
    for (const each of [search, read, created]) {
      expect(each).not.toHaveProperty('body');
      expect(each).not.toHaveProperty('detail');
      expect(each?.ms).toBeGreaterThan(0);
      expect(Date.now() - (each?.at ?? 0)).toBeLessThan(60_000);
    }
    expect(rest).toEqual([]);
  });

  it('include the body and the reason of refused ones', async () => {
    await client.send('POST', '/Users', { schemas: [USER], userName: 'ada', password: 'hunter2' });
    await client.send('POST', '/Users', { schemas: [USER], userName: 'ada', password: 'hunter2' });
    const [refused] = await written();
    expect(refused).toMatchObject({ method: 'POST', path: '/Users', status: 409 });
    expect(refused?.detail).toBe('a user with this userName exists in the tenant');
    expect(JSON.parse(refused?.body ?? '')).toEqual({
      schemas: [USER],
      userName: 'ada',
      password: '…',
    });
  });

  it('leave out a body that was not read, or is not JSON', async () => {
    await client.send('POST', '/Nothing', { userName: 'ada' });
    await client.send('POST', '/Users', undefined, { raw: '{"password": "hunter2"' });
    await client.send('POST', '/Users', undefined, { raw: `"${'x'.repeat(2_000_000)}"` });
    const requests = await written();
    expect(requests.map(({ status }) => status)).toEqual([413, 400, 404]);
    expect(requests.every((request) => !('body' in request))).toBe(true);
  });

  it('never contain a token or a password', async () => {
    const { token } = client;
    const secrets = { token, other: generateToken(), password: 'hunter2' };
    const headers = { 'x-request-id': token };
    await client.send('GET', `/Users/${token}`, undefined, { headers });
    await client.send('GET', `/${token}?${token}=${token}&access_token=${token}`);
    await client.send('GET', `/Users?filter=password eq "hunter2"`);
    await client.send('GET', `/Users?filter=userName eq "${token}`);
    await client.send('GET', `/Users?filter=${token} eq 1`);
    await client.send('GET', `/Users?sortBy=${token}&attributes=${token}`);
    await client.send('POST', '/Users', secrets);
    await client.send('POST', '/Users', { userName: ['hunter2'], ...secrets });
    await client.send('POST', '/Users/.search', { filter: `password eq "hunter2"`, count: token });
    await client.send('POST', '/Users/.search', { [token]: 1 });
    const operations = [
      { op: 'replace', path: 'password', value: { hunter2: 1 } },
      { op: 'replace', path: `password[value eq "hunter2"].x`, value: 'hunter2' },
      { op: 'replace', path: token, value: 'x' },
      { op: token, path: 'password', value: 'hunter2' },
    ];
    const { id } = await client.send('POST', '/Users', { userName: 'ada' });
    for (const operation of operations)
      await client.send('PATCH', `/Users/${id}`, { Operations: [operation] });
    const data = { password: 'hunter2', userName: 1 };
    await client.send('POST', '/Bulk', {
      Operations: [{ method: token, path: `/Users/${token}`, bulkId: '1', data }],
    });
    const requests = await written();
    expect(requests.filter(({ status }) => status >= 400).length).toBeGreaterThan(9);
    const text = JSON.stringify(requests);
    expect(text).not.toContain(token.slice(16, 40));
    expect(text).not.toContain(secrets.other.slice(16, 40));
    expect(text).not.toContain('hunter2');
  });

  it('include those of a disabled integration, but none without a valid token', async () => {
    await server.store.integrations.put({ ...client.record, enabled: false });
    await client.send('GET', '/Users');
    const headers = { authorization: `Bearer ${generateToken()}` };
    await client.send('GET', '/Users', undefined, { headers });
    expect((await written()).map(({ status, detail }) => [status, detail])).toEqual([
      [403, 'integration is disabled'],
    ]);
  });

  it('are a hundred at most, of each integration', async () => {
    const other = await server.addIntegration();
    await other.send('GET', '/Groups');
    for (let n = 0; n < 110; n++) await client.send('GET', `/Users?startIndex=${n}`);
    expect((await written()).map(({ path }) => path)).toEqual(
      Array.from({ length: 100 }, (_, n) => `/Users?startIndex=${109 - n}`),
    );
    expect((await written(other)).map(({ path }) => path)).toEqual(['/Groups']);
  });
});

const request = (integration: string, status = 200, body: unknown = undefined) => ({
  at: 1,
  ms: 1,
  url: '/x',
  answer: { status },
  access: {
    requestId: 'id',
    method: 'GET',
    path: '/api/v1/acme/integrations/okta/scim/v2/Users',
    route: '/Users',
    tenant: 'acme',
    integration,
    keyId: 'key',
    body,
  },
});

describe.each([
  ['SQLite', useSqlite],
  ['PostgreSQL', usePostgres],
])('the recorder of requests on %s', (_, open) => {
  it('writes those of many integrations when it is closed', async () => {
    const { store, close } = await open();
    const recent = new RecentRequests(store.recentRequests, Date.now, (error) => {
      throw error;
    });
    for (let n = 0; n < 300; n++) recent.note(request(`${n}`));
    await recent.close(60_000);
    for (const n of [0, 150, 299]) {
      const scope = { tenant: 'acme', integrationId: `${n}` };
      expect(await store.recentRequests.list(scope)).toHaveLength(1);
    }
    await close();
  });
});

describe('the recorder of requests', () => {
  function recorder() {
    const rows = new Map<string, readonly RecentRequest[]>();
    const troubles: unknown[] = [];
    const state = { isDown: false, failing: '', hangs: false, pruned: 0, now: 0 };
    const recent = new RecentRequests(
      {
        put: async ({ integrationId }, _, requests) => {
          if (state.isDown || state.failing === integrationId) throw new Error('down');
          await nextTurn();
          if (state.hangs) await new Promise(() => {});
          rows.set(integrationId, requests);
        },
        list: async () => [],
        prune: async () => {
          state.pruned++;
        },
      },
      () => state.now,
      (error) => troubles.push(error),
    );
    return { recent, rows, troubles, state };
  }

  it('writes later what it could not write, and reports one outage once', async () => {
    const { recent, rows, troubles, state } = recorder();
    state.isDown = true;
    recent.note(request('okta'));
    await recent.flush();
    await recent.flush();
    expect(troubles).toHaveLength(1);
    recent.note(request('okta'));
    state.isDown = false;
    await recent.flush();
    expect(rows.get('okta')).toHaveLength(2);
  });

  it('writes a hundred integrations at a time', async () => {
    const { recent, rows } = recorder();
    for (let n = 0; n < 250; n++) recent.note(request(`${n}`));
    await recent.flush();
    expect(rows.size).toBe(100);
    await recent.flush();
    await recent.flush();
    expect(rows.size).toBe(250);
    rows.clear();
    await recent.flush();
    expect(rows.size).toBe(0);
  });

  it('writes all of them when it is closed, and nothing afterwards', async () => {
    const { recent, rows } = recorder();
    for (let n = 0; n < 250; n++) recent.note(request(`${n}`));
    const flushing = recent.flush();
    await recent.close(60_000);
    expect(rows.size).toBe(250);
    await flushing;
  });

  it('is closed at the deadline if the database does not respond, and reports it', async () => {
    const { recent, rows, troubles, state } = recorder();
    for (let n = 0; n < 250; n++) recent.note(request(`${n}`));
    state.hangs = true;
    await recent.close(10);
    expect(rows.size).toBe(0);
    expect(String(troubles[0])).toContain('250 integrations');
  });

  it('is closed at once if the database is down, and reports it and what is lost', async () => {
    const { recent, troubles, state } = recorder();
    for (let n = 0; n < 250; n++) recent.note(request(`${n}`));
    state.isDown = true;
    await recent.close(60_000);
    expect(troubles.map(String)).toEqual([
      'Error: down',
      'Error: those of 250 integrations are lost',
    ]);
  });

  it('is closed after a failed write when the others at the same time have ended', async () => {
    const { recent, rows, troubles, state } = recorder();
    for (let n = 0; n < 3; n++) recent.note(request(`${n}`));
    state.failing = '0';
    await recent.close(60_000);
    expect([...rows.keys()]).toEqual(['1', '2']);
    expect(String(troubles[1])).toContain('those of 1 integration are lost');
  });

  it('forgets the oldest bodies if there are many', async () => {
    const { recent, rows } = recorder();
    for (let n = 0; n < 100; n++) recent.note(request('okta', 400, { note: 'a '.repeat(9_999) }));
    await recent.flush();
    const requests = rows.get('okta') ?? [];
    expect(requests.filter(({ body }) => body !== undefined)).toHaveLength(16);
    expect(requests[0]).toHaveProperty('body');
  });

  it('keeps 20,000 requests at most', async () => {
    const { recent, rows } = recorder();
    for (let n = 0; n < 300; n++) {
      for (let each = 0; each < 100; each++) recent.note(request(`${n}`));
      if (n % 50 === 49) await recent.flush();
    }
    for (const id of ['0', '299']) recent.note(request(id));
    await recent.flush();
    expect(rows.get('0')).toHaveLength(1);
    expect(rows.get('299')).toHaveLength(100);
  });

  it('prunes once an hour', async () => {
    const { recent, state } = recorder();
    recent.note(request('okta'));
    await recent.flush();
    state.now = 3_599_999;
    await recent.flush();
    expect(state.pruned).toBe(1);
    state.now++;
    await recent.flush();
    expect(state.pruned).toBe(2);
  });
});
