/** The probe against a real server, and against servers that misbehave. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ProbeReport, probe, type StepReport } from '../../src/probe/probe.ts';
import { IDPS, type Idp, SEQUENCES } from '../../src/probe/sequences.ts';
import { type Passing, type ScimProxy, startScimProxy } from '../support/scim-server/proxy.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let proxy: ScimProxy | undefined;
let tenants = 0;
beforeAll(async () => {
  server = await startScimServer();
});
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});
afterAll(() => server.close());

const newClient = () => server.addIntegration({ tenant: `t${++tenants}` });

async function contents(client: ScimClient): Promise<string> {
  const [users, groups] = [await client.send('GET', '/Users'), await client.send('GET', '/Groups')];
  return users.text + groups.text;
}

async function probeThrough(
  client: ScimClient,
  answer: (passing: Passing) => Promise<Response | null> | Response | null,
  idp: Idp = 'okta',
): Promise<ProbeReport> {
  proxy = await startScimProxy(client, answer);
  return probe({ idp, baseUrl: proxy.baseUrl, token: client.token });
}

const stepCalled = ({ steps }: ProbeReport, name: string): StepReport | undefined =>
  steps.find((step) => step.name === name);

describe.each(IDPS)('the probe as %s', (idp) => {
  it('passes in a directory that is in use, touches nothing in it, and leaves nothing behind', async () => {
    const client = await newClient();
    const { id } = await client.send('POST', '/Users', { userName: 'carol', externalId: 'bill' });
    await client.send('POST', '/Groups', { displayName: 'Engineering', members: [{ value: id }] });
    const before = await contents(client);
    const told: StepReport[] = [];
    const report = await probe({
      idp,
      baseUrl: client.baseUrl,
      token: client.token,
      onStep: (step) => told.push(step),
    });
    expect(report.steps.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(report).toMatchObject({
      passed: true,
      failure: null,
      summary: { passed: SEQUENCES[idp].steps.length, failed: 0, skipped: 0 },
      cleanup: { left: [] },
    });
    expect(told).toEqual(report.steps);
    expect(await contents(client)).toBe(before);
  });
});

describe('with a server that responds to a PATCH as RFC 7644 §3.5.2 allows', () => {
  const bare = (headers: Record<string, string>) => new Response(null, { status: 204, headers });
  const typed = { 'content-type': 'application/scim+json' };

  it.each<[Idp, string, Record<string, string>]>([
    ['okta', 'no header', {}],
    ['entra', 'no header', {}],
    ['authentik', 'no header', {}],
    ['keycloak', 'the Content-Type that it needs', typed],
  ])('the probe as %s passes with 204 and %s', async (idp, _, headers) => {
    const client = await newClient();
    const without = async ({ method, forward }: Passing) => {
      const answer = await forward();
      return method === 'PATCH' && answer.ok ? bare(headers) : answer;
    };
    const report = await probeThrough(client, without, idp);
    expect(report.steps.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(report.passed).toBe(true);
  });

  it.each(IDPS)('the probe as %s passes with 200 and the resource', async (idp) => {
    const client = await newClient();
    const withBody = async ({ method, path, forward }: Passing) => {
      const answer = await forward();
      if (method !== 'PATCH' || answer.status !== 204) return answer;
      const { text } = await client.send('GET', path);
      return new Response(text, { headers: typed });
    };
    const report = await probeThrough(client, withBody, idp);
    expect(report.steps.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(report.passed).toBe(true);
  });

  it('the probe fails each PATCH that returned 204 but changed nothing', async () => {
    const client = await newClient();
    const lazy = ({ method, path, forward }: Passing) =>
      method === 'PATCH' && path.startsWith('/Users') ? bare({}) : forward();
    const report = await probeThrough(client, lazy, 'entra');
    expect(stepCalled(report, 'disables the user with a text value')).toMatchObject({
      outcome: 'failed',
      status: 204,
      expected: 'body read afterwards.active is false',
      actual: 'body read afterwards.active is true',
    });
    expect(stepCalled(report, 'sends no operations')).toMatchObject({ outcome: 'passed' });
  });
});

it('several probes of one directory don’t disturb each other', async () => {
  const client = await newClient();
  const { baseUrl, token } = client;
  const reports = await Promise.all(
    [...IDPS, ...IDPS].map((idp) => probe({ idp, baseUrl, token })),
  );
  expect(reports.map(({ passed }) => passed)).toEqual(reports.map(() => true));
  expect(new Set(reports.map(({ run }) => run)).size).toBe(reports.length);
});

describe('the probe stops after the first response and says why if', () => {
  const failureAt = async (baseUrl: string, token = 'some-token') => {
    const told: StepReport[] = [];
    const report = await probe({
      idp: 'okta',
      baseUrl,
      token,
      onStep: (step) => told.push(step),
    });
    expect(report.passed).toBe(false);
    expect(report.steps).toHaveLength(1);
    expect(told).toEqual([]);
    expect(report.failure).not.toContain('\n');
    return report.failure;
  };

  it('the token is wrong', async () => {
    const { baseUrl } = await newClient();
    expect(await failureAt(baseUrl)).toMatch(
      /^the token was not accepted: status 401 \(".*take the token and the endpoint from/,
    );
  });

  it('the integration is disabled', async () => {
    const { baseUrl, token } = await server.addIntegration({ tenant: 'off', enabled: false });
    expect(await failureAt(baseUrl, token)).toMatch(
      /status 403 \("integration is disabled"\); check that the integration is enabled/,
    );
  });

  it('there is nothing at the URL', async () => {
    const { baseUrl, token } = await newClient();
    expect(await failureAt(`${baseUrl}/v3`, token)).toMatch(
      /^there is no SCIM endpoint at this URL: status 404/,
    );
  });

  it('nothing listens there', async () => {
    const gone = await startScimProxy(await newClient(), () => null);
    await gone.close();
    expect(await failureAt(gone.baseUrl)).toMatch(
      /^nothing is listening at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/,
    );
  });

  it('the name can’t be resolved', async () => {
    expect(await failureAt('http://scim.invalid/scim/v2')).toMatch(
      /^the name scim\.invalid can't be resolved/,
    );
  });

  it('the port doesn’t speak TLS', async () => {
    const { baseUrl } = await newClient();
    expect(await failureAt(baseUrl.replace('http:', 'https:'))).toMatch(
      /doesn't speak TLS .*change https in the URL to http/,
    );
  });

  it('the connection is closed immediately', async () => {
    proxy = await startScimProxy(await newClient(), () => null);
    expect(await failureAt(proxy.baseUrl)).toMatch(/closed the connection without a response/);
  });

  it('there is a web page at the URL', async () => {
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    proxy = await startScimProxy(await newClient(), () => new Response('<html>', { headers }));
    expect(await failureAt(proxy.baseUrl)).toMatch(/^there is a web page at this URL/);
  });

  it('the URL redirects', async () => {
    const headers = { location: 'https://scim.example.com/v2' };
    proxy = await startScimProxy(
      await newClient(),
      () => new Response(null, { status: 301, headers }),
    );
    expect(await failureAt(proxy.baseUrl)).toMatch(
      /^the URL redirects to "https:\/\/scim\.example\.com\/v2".+; use status.endpoint of the/,
    );
  });
});

describe('the probe reports and cleans up if the server', () => {
  it('responds to everything with 500', async () => {
    const report = await probeThrough(
      await newClient(),
      () => new Response('{}', { status: 500, headers: { 'x-request-id': 'r-1' } }),
    );
    expect(report).toMatchObject({ passed: false, failure: null, summary: { passed: 0 } });
    expect(report.summary.skipped).toBeGreaterThan(0);
    expect(report.steps[0]).toMatchObject({
      outcome: 'failed',
      status: 500,
      expected: 'status 200',
      actual: 'status 500',
      hint: expect.stringContaining('log should say why under the request id "r-1"'),
    });
    expect(report.cleanup.left[0]).toMatchObject({
      path: '/Users',
      reason: expect.stringContaining('it may exist'),
    });
  });

  it('sends application/json, which Okta accepts and Entra ID doesn’t', async () => {
    const plain = async ({ forward }: Passing) => {
      const answer = await forward();
      const headers = new Headers(answer.headers);
      headers.set('content-type', 'application/json');
      return new Response(answer.body, { status: answer.status, headers });
    };
    expect(await probeThrough(await newClient(), plain)).toMatchObject({ passed: true });
    await proxy?.close();
    const client = await newClient();
    const report = await probeThrough(client, plain, 'entra');
    expect(stepCalled(report, 'creates the user')).toMatchObject({
      outcome: 'failed',
      expected: 'content-type is application/scim+json…',
      actual: 'content-type is "application/json"',
      hint: expect.stringContaining('RFC 7644 §3.1'),
    });
    // Values are captured from a failed step too.
    expect(report.summary.skipped).toBe(0);
    expect(report.cleanup.left).toEqual([]);
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(0);
  });

  it('fails after creating a user', async () => {
    const client = await newClient();
    const report = await probeThrough(client, async ({ method, forward }) => {
      const answer = await forward();
      return method === 'POST' ? new Response('oops', { status: 502 }) : answer;
    });
    expect(stepCalled(report, 'reads the user before the update')).toMatchObject({
      outcome: 'skipped',
      status: null,
      reason: '"creates the user" returned no id',
    });
    expect(report.cleanup).toMatchObject({ deleted: 3, left: [] });
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(0);
    expect((await client.send('GET', '/Groups')).body.totalResults).toBe(0);
  });

  it('ignores filters and so returns other users', async () => {
    const client = await newClient();
    await client.send('POST', '/Users', { userName: 'carol' });
    await probeThrough(client, async ({ method, path, forward }) => {
      if (path.startsWith('/Users?filter'))
        return fetch(`${client.baseUrl}/Users`, withToken(client));
      const answer = await forward();
      return method === 'POST' ? new Response('oops', { status: 502 }) : answer;
    });
    const { body } = await client.send('GET', '/Users');
    expect(body.Resources).toMatchObject([{ userName: 'carol' }]);
  });

  it('refuses to delete', async () => {
    const client = await newClient();
    const report = await probeThrough(client, ({ method, forward }) =>
      method === 'DELETE' ? Response.json({ detail: 'no' }, { status: 403 }) : forward(),
    );
    expect(report.passed).toBe(false);
    const left = (await client.send('GET', '/Users')).body.Resources as unknown as {
      id: string;
      userName: string;
    }[];
    expect(report.cleanup.left).toHaveLength(4);
    for (const { id, userName } of left) {
      expect(report.cleanup.left).toContainEqual({
        path: `/Users/${id}`,
        name: userName,
        reason: 'status 403 ("no")',
      });
    }
  });

  it('stops responding in the middle', async () => {
    const client = await newClient();
    let away = false;
    const report = await probeThrough(client, ({ method, forward }) => {
      away ||= method === 'PUT';
      return away && method !== 'DELETE' ? null : forward();
    });
    expect(stepCalled(report, 'puts back what it read, with edits')).toMatchObject({
      outcome: 'failed',
      status: null,
      expected: 'a response',
      actual: expect.stringContaining('closed the connection'),
    });
    expect(report.steps.at(-1)).toMatchObject({
      outcome: 'skipped',
      reason: 'no response to "puts back what it read, with edits"',
    });
    expect(report.cleanup).toEqual({ deleted: 1, left: [] });
  });

  it('works, but the probe is interrupted, which skips the remaining steps', async () => {
    const client = await newClient();
    const stop = new AbortController();
    const report = await probe({
      idp: 'okta',
      baseUrl: client.baseUrl,
      token: client.token,
      stop: stop.signal,
      onStep: ({ name }) => name === 'creates the group' && stop.abort(),
    });
    expect(report.passed).toBe(false);
    expect(report.steps.at(-1)).toMatchObject({ outcome: 'skipped', reason: 'interrupted' });
    expect(report.cleanup).toEqual({ deleted: 3, left: [] });
    expect((await client.send('GET', '/Users')).body.totalResults).toBe(0);
  });
});

const withToken = ({ token }: ScimClient) => ({ headers: { authorization: `Bearer ${token}` } });
