/** `make demo`, with and without its syncs. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Visitor } from '../../hack/identity-provider/visitor.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import type { Role } from '../../src/kube/objects.ts';
import { CLUSTER_ROLES, SECRETS } from '../../src/kube/resource.ts';
import { Demo } from '../support/demo.ts';
import { createDatabase } from '../support/directory/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { Browser } from '../support/sso/browser.ts';

describe('a demo without syncs and sign-in', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = new Demo({ SYNC: 'off', SSO: 'off' });
    await demo.serving();
  });
  afterAll(() => demo.remove());

  it('serves an empty directory at the endpoint and with the token in its env file', async () => {
    const answer = await demo.scim('/Users');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ totalResults: 0 });
    expect(await (await demo.scim('/Groups')).json()).toMatchObject({ totalResults: 0 });
  });

  it('has the cluster, the database and the metrics in its env file', async () => {
    const connection = new Connection(loadKubeConfig(demo.variable('KUBECONFIG')));
    const { items } = await new Client(connection).list<KubeIntegration>(SCIM_INTEGRATIONS);
    await connection.close();
    expect(items?.map(({ status }) => status?.endpoint)).toEqual([demo.variable('SCIM_BASE')]);
    expect(existsSync(demo.variable('DATABASE_URL').replace('file:', ''))).toBe(true);
    const metrics = await (await fetch(demo.variable('METRICS_URL'))).text();
    expect(metrics).toContain('controller_runtime_reconcile_total');
    expect(metrics).toContain('workqueue_depth');
  });

  it('adds the permissions for the console to the roles of the cluster', async () => {
    const connection = new Connection(loadKubeConfig(demo.variable('KUBECONFIG')));
    const client = new Client(connection);
    await eventually(async () => {
      const { rules = [] } = await client.get<Role>(CLUSTER_ROLES, { name: 'view' });
      expect(rules.flatMap(({ resources }) => resources)).toContain('scimintegrations');
    });
    await connection.close();
  });

  it('has a console for administrators alone', async () => {
    const page = await (await fetch(demo.variable('CONSOLE_URL'))).text();
    expect(page).toContain('Sign in with a Kubernetes token');
    expect(page).not.toContain('/oauth/login/');
    expect(demo.output).not.toContain('Demo IdP');
  });

  it('hides its files from other users', () => {
    expect(statSync(demo.folder).mode & 0o777).toBe(0o700);
    const files = readdirSync(demo.folder);
    expect(files).toEqual(expect.arrayContaining(['directory.db', 'env', 'operator.log']));
    for (const file of files)
      expect([file, statSync(join(demo.folder, file)).mode & 0o077]).toEqual([file, 0]);
  });

  it('restarts a killed operator, with the same endpoint and token', async () => {
    const before = ['SCIM_BASE', 'SCIM_TOKEN'].map((name) => demo.variable(name));
    const pid = demo.variable('OPERATOR_PID');
    process.kill(Number(pid), 'SIGKILL');
    await eventually(() => expect(demo.variable('OPERATOR_PID')).not.toBe(pid));
    await eventually(async () => expect((await demo.scim('/Users')).status).toBe(200));
    expect(['SCIM_BASE', 'SCIM_TOKEN'].map((name) => demo.variable(name))).toEqual(before);
    await eventually(() =>
      expect(demo.output).toContain('The operator exited (SIGKILL) and was restarted'),
    );
    // It takes over the Lease of the killed process before that expires.
    await eventually(async () => {
      const metrics = await (await fetch(demo.variable('METRICS_URL'))).text();
      expect(metrics).toContain('leader_election_master_status{name="scim-operator"} 1');
    });
  });

  it('has the new token in its env file after the Secret was deleted', async () => {
    const connection = new Connection(loadKubeConfig(demo.variable('KUBECONFIG')));
    const before = demo.variable('SCIM_TOKEN');
    const key = { namespace: 'acme', name: 'company-idp-scim-token' };
    await new Client(connection).delete(SECRETS, key);
    await connection.close();
    await eventually(() => expect(demo.variable('SCIM_TOKEN')).not.toBe(before));
    expect((await demo.scim('/Users')).status).toBe(200);
  });

  it('lets the program read its directory with its env file', async () => {
    const command = '. "$0" && "$1" src/cli.ts activity --tenant acme';
    const file = join(demo.folder, 'env');
    const { stdout } = await promisify(execFile)('sh', ['-c', command, file, process.execPath]);
    expect(stdout).toBe('No entry was found.\n');
  });

  it('refuses a second demo in its folder', async () => {
    const second = new Demo({ DEMO_FOLDER: demo.folder });
    expect(await second.exited).toBe(1);
    expect(second.output).toMatch(
      /^demo: a demo is already running here, as process \d+; press Ctrl-C in its terminal/m,
    );
    await second.remove();
    expect((await demo.scim('/Users')).status).toBe(200);
  });

  it('leaves nothing running after Ctrl-C', async () => {
    const kubeconfig = demo.variable('KUBECONFIG');
    const { server } = loadKubeConfig(kubeconfig).getCurrentCluster() ?? {};
    const urls = [server ?? '', demo.variable('SCIM_BASE'), demo.variable('METRICS_URL')];
    expect(await demo.stop('SIGINT')).toBe(0);
    for (const url of urls)
      await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(existsSync(dirname(kubeconfig))).toBe(false);
    expect(existsSync(join(demo.folder, 'env'))).toBe(false);
  });
});

describe('a demo', () => {
  let demo: Demo;
  afterEach(() => demo.remove());

  it('plays both syncs and shows the resulting directory', async () => {
    demo = new Demo({});
    await demo.serving();
    expect(demo.output).not.toContain('✗');
    expect(demo.output).toContain('Okta syncs:');
    expect(demo.output).toContain('Microsoft Entra ID syncs:');
    expect(await (await demo.scim('/Users')).json()).toMatchObject({ totalResults: 3 });
    expect(await (await demo.scim('/Groups')).json()).toMatchObject({ totalResults: 2 });
    expect(demo.output).not.toContain(demo.variable('SCIM_TOKEN'));
    expect(demo.output).not.toContain(demo.variable('ADMIN_TOKEN'));
    expect(demo.output).toContain(`Open the console: ${demo.variable('CONSOLE_URL')}\n`);

    const { origin } = new URL(demo.variable('CONSOLE_URL'));
    const [, person = '', password = ''] =
      /sign in at Demo IdP as (\S+), password (\S+)/.exec(demo.output) ?? [];
    const [, stranger = ''] = /(\S+) has the same password/.exec(demo.output) ?? [];
    const signIn = async (login: string) => {
      const browser = new Browser(origin);
      const begun = await browser.get('/oauth/login/demo');
      const issuer = new URL(begun.location).origin;
      const callback = await new Visitor({ issuer, password }).signIn(begun.location, login);
      return { landed: await browser.get(callback), browser };
    };
    const { landed, browser } = await signIn(person);
    expect([landed.status, landed.location]).toEqual([303, '/console']);
    expect((await browser.get('/console/me')).text).toContain(`scim:${person}`);
    // By the default role.
    await eventually(async () => {
      const { text } = await browser.get('/console/acme');
      expect(text.includes('/console/acme/activity')).toBe(true);
    });
    const refused = await signIn(stranger);
    expect([refused.landed.status, refused.landed.text]).toEqual([
      403,
      expect.stringContaining(`${stranger} is not provisioned`),
    ]);

    const administrator = await fetch(`${origin}/console/-/token`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ token: demo.variable('ADMIN_TOKEN') }),
      redirect: 'manual',
    });
    const [cookie = ''] = administrator.headers.getSetCookie();
    const open = (page: string) =>
      fetch(`${origin}/console/acme/${page}`, { headers: { cookie }, redirect: 'manual' });
    for (const page of ['provisioning/new', 'users', 'groups', 'roles', 'activity'])
      expect([page, (await open(page)).status]).toEqual([page, 200]);
  });

  it('is the only one in its folder, even if two start at once', async () => {
    demo = new Demo({ SYNC: 'off', SSO: 'off' });
    const other = new Demo({ SYNC: 'off', SSO: 'off', DEMO_FOLDER: demo.folder });
    try {
      const [refused, kept] = await Promise.race([
        demo.exited.then(() => [demo, other] as const),
        other.exited.then(() => [other, demo] as const),
      ]);
      expect(refused.output).toContain('a demo is already running here');
      await kept.serving();
    } finally {
      await other.remove();
    }
  });

  it('says so if it uses another port because 8080 is in use', async () => {
    const server = createServer().on('error', () => undefined);
    await new Promise((resolve) =>
      server.once('error', resolve).listen(8080, '127.0.0.1', () => resolve(undefined)),
    );
    demo = new Demo({ PORT: '' });
    await eventually(() =>
      expect(demo.output).toMatch(
        /Port 8080 is in use, so the demo uses \d+; PORT chooses another/,
      ),
    );
    server.close();
  });

  it('uses a configuration of the identity providers that the caller has', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scim-operator-sso-'));
    const file = join(folder, 'sso.yaml');
    writeFileSync(file, 'providers: []');
    demo = new Demo({ SYNC: 'off', SCIM_OPERATOR_SSO_CONFIG: file });
    await demo.serving();
    expect(await (await fetch(demo.variable('CONSOLE_URL'))).text()).not.toContain('/oauth/login/');
    expect(existsSync(join(demo.folder, 'sso.yaml'))).toBe(false);
    rmSync(folder, { recursive: true });
  });

  it('refuses a database with the data of an earlier demo', { timeout: 240_000 }, async () => {
    const database = await createDatabase();
    const environment = { SYNC: 'off', SSO: 'off', DATABASE_URL: database.url };
    demo = new Demo(environment);
    await demo.serving();
    await demo.remove();
    demo = new Demo(environment);
    expect(await demo.exited).toBe(1);
    expect(demo.output).toMatch(
      /^demo: the database postgres:.+ earlier demo .+ an empty database$/m,
    );
    await database.drop();
  });

  it('says why it waits if the database is unreachable', async () => {
    demo = new Demo({ SYNC: 'off', SSO: 'off', DATABASE_URL: 'postgres://127.0.0.1:1/none' });
    await eventually(() =>
      expect(demo.output).toMatch(/database was not reached; retrying \(.*ECONNREFUSED/),
    );
  });

  it.each([
    [{ SYNC: 'maybe' }, 'demo: SYNC=maybe is not allowed; it must be on or off\n'],
    [{ SSO: 'maybe' }, 'demo: SSO=maybe is not allowed; it must be on or off\n'],
    [{ CLUSTER: 'mine' }, 'demo: CLUSTER=mine is not allowed; it must be own or current\n'],
  ])('exits with 1 and one line for %j', async (environment, line) => {
    demo = new Demo(environment);
    expect(await demo.exited).toBe(1);
    expect(demo.output).toContain(line);
  });
});
