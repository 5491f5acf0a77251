/** `make demo`, with and without its syncs. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { Demo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';

describe('a demo without syncs', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = new Demo({ SYNC: 'off' });
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

  it('refuses a second demo in its folder', async () => {
    const second = new Demo({ DEMO_FOLDER: demo.folder });
    await eventually(() => expect(second.output).toContain('a demo is already running here'));
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
  });

  it.each([
    [{ SYNC: 'maybe' }, 'demo: SYNC=maybe is not allowed; it must be on or off\n'],
    [{ CLUSTER: 'mine' }, 'demo: CLUSTER=mine is not allowed; it must be own or current\n'],
  ])('exits with 1 and one line for %j', async (environment, line) => {
    demo = new Demo(environment);
    expect(await demo.exited).toBe(1);
    expect(demo.output).toContain(line);
  });
});
