/**
 * Several processes run on one cluster. One of them reconciles, all serve, and a change of leader
 * fails no SCIM request.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { serviceAccountKubeconfig } from '../../hack/operator/install.ts';
import type { Lease } from '../../src/kube/lease.ts';
import { LEASES } from '../../src/kube/resource.ts';
import { LEASE_NAME } from '../../src/operator/rbac.ts';
import { createDatabase, type PostgresDatabase } from '../support/directory/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { PUBLIC_URL, TestIntegration, useOperator } from '../support/operator/fixture.ts';
import { Program } from '../support/program.ts';
import { SteadyClient } from '../support/scim-server/steady-client.ts';

const fixture = useOperator();
let database: PostgresDatabase;
const programs = new Set<Program>();
beforeAll(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  await Promise.all([...programs].map((program) => program.stop('SIGKILL')));
  programs.clear();
  // The next test must not wait for a lease that this one leaves.
  const { items } = await fixture.admin.list<Lease>(LEASES, { namespace: fixture.namespace });
  for (const { metadata } of items ?? []) await fixture.admin.delete(LEASES, lease(metadata.name));
});
afterAll(() => database.drop());

function start(command: string, more: readonly string[] = []): Program {
  const program = new Program([
    command,
    `--public-url=${PUBLIC_URL}`,
    '--host=127.0.0.1',
    '--port=0',
    '--ops-port=0',
    '--leader-election-lease-duration=10s',
    '--leader-election-renew-deadline=8s',
    '--leader-election-retry-period=1s',
    `--database-url=${database.url}`,
    `--kubeconfig=${fixture.kubeconfig}`,
    ...more,
  ]);
  programs.add(program);
  return program;
}

/** A slow machine can't lose this lease, and no test can wait until it expires. */
const LONG = ['--leader-election-lease-duration=10m', '--leader-election-renew-deadline=9m'];
const lease = (name = LEASE_NAME) => ({ namespace: fixture.namespace, name });
const said = (program: Program, message: string) =>
  program.lines.filter(({ msg }) => msg === message);
const leads = (program: Program, times = 1) =>
  eventually(() => expect(said(program, 'lead was taken').length).toBeGreaterThanOrEqual(times));
const logged = (program: Program, message: string) =>
  eventually(() => {
    const [line] = said(program, message);
    if (line === undefined) throw new Error(`not logged: ${message}; ${program.stderr}`);
    return line;
  });
const standsBy = (program: Program) =>
  logged(program, 'another process was found leading; standing by');
const ports = (servers: readonly Program[]) =>
  Promise.all(servers.map(async (each) => Number((await logged(each, 'serving SCIM')).port)));
const holder = async () => (await fixture.admin.get<Lease>(LEASES, lease())).spec?.holderIdentity;

/** Returns the option that connects a program through the proxy. */
async function proxied(proxy: FaultProxy, name: string): Promise<string> {
  const path = `${fixture.kubeconfig}.${name}`;
  const text = await serviceAccountKubeconfig(
    fixture.admin,
    proxy.config,
    fixture.namespace,
    fixture.namespace,
  );
  writeFileSync(path, text);
  return `--kubeconfig=${path}`;
}

async function steadyClient(integration: TestIntegration, servers: readonly Program[]) {
  const { status } = await integration.settled('True');
  const path = new URL(status?.endpoint ?? '').pathname;
  const urls = (await ports(servers)).map((port) => `http://127.0.0.1:${port}${path}`);
  return new SteadyClient(urls, await integration.token());
}

describe('two servers and two operators on one database', () => {
  it('serve every request while one leader is killed and the next is stopped', async () => {
    const servers = [start('server'), start('server')];
    await ports(servers);
    const first = start('operator');
    await leads(first);
    // The third operator leads too soon to have waited for this lease to expire.
    const second = start('operator', LONG);
    await standsBy(second);
    const client = await steadyClient(await TestIntegration.create(fixture), servers);

    await first.stop('SIGKILL');
    await leads(second);
    await (await TestIntegration.create(fixture)).settled('True');

    const third = start('operator', LONG);
    await standsBy(third);
    expect(await second.stop('SIGTERM')).toBe(0);
    expect(said(second, 'lead was released')).toHaveLength(1);
    await leads(third);
    await (await TestIntegration.create(fixture)).settled('True');

    const { answered, failures } = await client.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(0);
  });

  it('let a killed operator lead again right away under the same identity', async () => {
    const named = ['--leader-election-identity=pod-0'];
    const first = start('operator', [...named, ...LONG]);
    await leads(first);
    await first.stop('SIGKILL');
    await leads(start('operator', [...named, ...LONG]));
  });
});

describe('a leader whose API server is unreachable for longer than the renew deadline', () => {
  it('keeps serving as `run`, and leads again when the API server is back', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    const program = start('run', [await proxied(proxy, 'run')]);
    await leads(program);
    const client = await steadyClient(await TestIntegration.create(fixture), [program]);
    const { port } = await logged(program, 'serving metrics and probes');
    const ops = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;

    const lost = () => said(program, 'lead was lost').length;
    const before = lost();
    await proxy.refuse();
    await eventually(() => expect(lost()).toBeGreaterThan(before));
    const taken = said(program, 'lead was taken').length;
    const waiting = await TestIntegration.create(fixture);
    expect([await ops('/livez'), await ops('/readyz')]).toEqual([200, 200]);
    await proxy.accept();
    await leads(program, taken + 1);
    await waiting.settled('True');

    const { answered, failures } = await client.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    expect(await program.stop()).toBe(0);
    await proxy.close();
  });

  it('exits with code 3 as `operator`, so that it is restarted', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    const program = start('operator', [await proxied(proxy, 'operator')]);
    await leads(program);
    await proxy.refuse();
    expect(await program.exited).toBe(3);
    expect(said(program, 'lead was lost')[0]?.reason).toMatch(/not renewed within 8 s: .*ECONN/);
    expect(program.stderr).toBe('');
    await proxy.close();
  });
});

describe('a leader that was suspended', () => {
  it('writes nothing when it resumes although there is work, and exits', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    const frozen = start('operator', [await proxied(proxy, 'frozen')]);
    await leads(frozen);
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const other = start('operator');
    await standsBy(other);

    frozen.signal('SIGSTOP');
    await leads(other);
    const seen = proxy.requests.length;
    await integration.patch({ spec: { enabled: false } });
    await integration.settled('True', 'Disabled');
    frozen.signal('SIGCONT');
    expect(await frozen.exited).toBe(3);
    const writes = proxy.requests.slice(seen).filter((request) => !request.startsWith('GET'));
    expect(writes).toEqual([]);
    expect(await holder()).toBe(said(other, 'lead was taken')[0]?.identity);
    await proxy.close();
  });
});

describe('a second `run` with a directory of its own', () => {
  it('takes no integration from the first', async () => {
    const sqlite = (name: string) => `--database-url=file:${fixture.kubeconfig}.${name}.db`;
    const first = start('run', [sqlite('first'), ...LONG]);
    await leads(first);
    const second = start('run', [sqlite('second')]);
    await standsBy(second);
    const integration = await TestIntegration.create(fixture);
    const { status } = await integration.settled('True');
    const [mine, other] = (await ports([first, second])).map(
      (port) => `http://127.0.0.1:${port}${new URL(status?.endpoint ?? '').pathname}/Users`,
    );
    const headers = { authorization: `Bearer ${await integration.token()}` };
    expect((await fetch(mine ?? '', { headers })).status).toBe(200);
    expect((await fetch(other ?? '', { headers })).status).toBe(401);
    expect(await second.stop()).toBe(0);
    expect(said(second, 'lead was taken')).toEqual([]);
    rmSync(`${fixture.kubeconfig}.second.db`, { force: true });
  });
});
