/** `make demo`, as a newcomer and a benchmark use it. */
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

  it('has an empty directory behind the endpoint and the token of its file', async () => {
    const answer = await demo.scim('/Users');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ totalResults: 0 });
    expect(await (await demo.scim('/Groups')).json()).toMatchObject({ totalResults: 0 });
  });

  it('names the cluster, the database and the metrics', async () => {
    const connection = new Connection(loadKubeConfig(demo.variable('KUBECONFIG')));
    const { items } = await new Client(connection).list<KubeIntegration>(SCIM_INTEGRATIONS);
    await connection.close();
    expect(items?.map(({ status }) => status?.endpoint)).toEqual([demo.variable('SCIM_BASE')]);
    expect(existsSync(demo.variable('DATABASE_URL').replace('file:', ''))).toBe(true);
    const metrics = await (await fetch(demo.variable('METRICS_URL'))).text();
    expect(metrics).toContain('controller_runtime_reconcile_total');
    expect(metrics).toContain('workqueue_depth');
  });

  it('shows none of its files to other users', () => {
    expect(statSync(demo.folder).mode & 0o777).toBe(0o700);
    const files = readdirSync(demo.folder);
    expect(files).toEqual(expect.arrayContaining(['directory.db', 'env', 'operator.log']));
    for (const file of files)
      expect([file, statSync(join(demo.folder, file)).mode & 0o077]).toEqual([file, 0]);
  });

  it('starts a killed operator again, with the same endpoint and token', async () => {
    const before = ['SCIM_BASE', 'SCIM_TOKEN'].map((name) => demo.variable(name));
    const pid = demo.variable('OPERATOR_PID');
    process.kill(Number(pid), 'SIGKILL');
    await eventually(() => expect(demo.variable('OPERATOR_PID')).not.toBe(pid));
    await eventually(async () => expect((await demo.scim('/Users')).status).toBe(200));
    expect(['SCIM_BASE', 'SCIM_TOKEN'].map((name) => demo.variable(name))).toEqual(before);
    await eventually(() =>
      expect(demo.output).toContain('The operator ended (SIGKILL) and was started again'),
    );
    // It leads again before the lease of the killed one has ended.
    await eventually(async () => {
      const metrics = await (await fetch(demo.variable('METRICS_URL'))).text();
      expect(metrics).toContain('leader_election_master_status{name="scim-operator"} 1');
    });
  });

  it('is the only one in its folder', async () => {
    const second = new Demo({ DEMO_FOLDER: demo.folder });
    await eventually(() => expect(second.output).toContain('a demo runs here already'));
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

  it('plays both syncs and shows what is in the directory then', async () => {
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
  ])('ends with 1 and one line for %j', async (environment, line) => {
    demo = new Demo(environment);
    expect(await demo.exited).toBe(1);
    expect(demo.output).toContain(line);
  });
});
