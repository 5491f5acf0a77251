/** `scim-operator probe` as a process: its output and its exit codes. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Program } from '../support/program.ts';
import { startScimProxy } from '../support/scim-server/proxy.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
});
afterAll(() => server.close());

const probe = (url: string, ...more: readonly string[]) =>
  new Program(['probe', '--idp=okta', `--url=${url}`, ...more], {
    SCIM_OPERATOR_TOKEN: client.token,
  });

it('prints a line for each step and a summary, and exits with 0 if every step passed', async () => {
  const program = probe(client.baseUrl);
  expect(await program.exited).toBe(0);
  const lines = program.stdout.split('\n');
  expect(lines[0]).toBe(`Okta (wizard or catalogue application, SCIM 2.0) → ${client.baseUrl}`);
  expect(lines[2]).toMatch(
    /^✓ tests the connection +200 +\d+ ms {2}GET \/Users\?startIndex=1&count=2$/,
  );
  expect(program.stdout).toMatch(
    /\n41 of 41 steps passed, 0 failed, 0 skipped, in [\d.]+ s\.\nCleaned up: /,
  );
  expect(program.stderr).toBe('');
});

it('prints one JSON document with --json', async () => {
  const program = probe(client.baseUrl, '--json');
  expect(await program.exited).toBe(0);
  expect(JSON.parse(program.stdout)).toMatchObject({
    identityProvider: 'okta',
    endpoint: client.baseUrl,
    passed: true,
    failure: null,
    cleanup: { left: [] },
  });
});

it('exits with 1 and one line if there is no endpoint', async () => {
  const program = probe(`${client.baseUrl}/v3`);
  expect(await program.exited).toBe(1);
  expect(program.stdout).toBe('');
  expect(program.stderr).toMatch(
    /^scim-operator: http:\S+\/v3 can't be probed: there is no SCIM endpoint .*\n$/,
  );
});

it('exits with 2 and one line for an invalid option', async () => {
  const program = new Program(['probe', '--idp=onelogin']);
  expect(await program.exited).toBe(2);
  expect(program.stderr).toMatch(/^scim-operator: --idp: "onelogin" is not allowed; .*\n$/);
});

it('reports the expected and actual response, a hint and what is left, and never the token', async () => {
  const proxy = await startScimProxy(client, ({ method, path, forward }) => {
    const detail = `Bearer ${client.token} may not do this`;
    return method === 'DELETE' || path.includes('Engineering')
      ? Response.json({ detail }, { status: 403 })
      : forward();
  });
  for (const format of [[], ['--json']]) {
    const program = probe(proxy.baseUrl, ...format);
    expect(await program.exited).toBe(1);
    expect(program.stdout).toContain('Bearer *** may not do this');
    expect(program.stdout + program.stderr).not.toContain(client.token);
    if (format.length > 0) continue;
    expect(program.stdout).toMatch(
      /✗ looks for a group .*\n {6}expected: status 200\n {6}actual: {3}status 403 \(.*\n {6}hint: {5}Group push matches/,
    );
    expect(program.stdout).toMatch(
      /Could not delete the following; please delete them \(their names contain scim-probe-r\w+\):\n {2}\/Groups\/\S+ {2}scim-probe-r\w+ \w+: status 403/,
    );
  }
  await proxy.close();
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  'cleans up on %s, including a user whose creation is in progress',
  async (signal) => {
    const own = await server.addIntegration({ tenant: signal.toLowerCase() });
    const held = Promise.withResolvers<void>();
    const program = Promise.withResolvers<Program>();
    let creations = 0;
    const proxy = await startScimProxy(own, async ({ method, path, forward }) => {
      const answer = await forward();
      if (method === 'POST' && path === '/Users' && ++creations === 2) {
        void (await program.promise).stop(signal);
        await held.promise;
      }
      return answer;
    });
    const started = new Program(['probe', '--idp=entra', `--url=${proxy.baseUrl}`], {
      SCIM_OPERATOR_TOKEN: own.token,
    });
    program.resolve(started);
    await started.printed('interrupted; cleaning up');
    held.resolve();
    expect(await started.exited).toBe(1);
    expect(started.stdout).toContain('skipped:  interrupted');
    for (const path of ['/Users', '/Groups']) {
      expect((await own.send('GET', path)).body.totalResults).toBe(0);
    }
    await proxy.close();
  },
);
