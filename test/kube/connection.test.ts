import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { NAMESPACES } from '../../src/kube/resource.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scim-operator-connection-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('loadKubeConfig', () => {
  it('fails without a configuration instead of trying a local port', () => {
    expect(() => loadKubeConfig(undefined, { HOME: dir })).toThrow('neither a kubeconfig nor');
  });

  it('fails with the name of a missing file', () => {
    const path = join(dir, 'missing');
    expect(() => loadKubeConfig(path)).toThrow(path);
  });

  it('finds the file that KUBECONFIG names', () => {
    const config = loadKubeConfig(undefined, { KUBECONFIG: inject('kubeconfig') });
    expect(new Connection(config).server).toMatch(/^https:/);
  });
});

describe('a connection', () => {
  it('uses one pool for all calls until the certificate authority changes', async () => {
    const path = join(dir, 'config');
    const ca = join(dir, 'ca.crt');
    const source = loadKubeConfig(inject('kubeconfig'));
    const cluster = source.getCurrentCluster();
    const user = source.getCurrentUser();
    if (!cluster?.caFile || !user?.token) throw new Error('no certificate or token');
    const certificate = readFileSync(cluster.caFile, 'utf8');
    writeFileSync(ca, certificate);
    writeFileSync(path, source.exportConfig());
    const config = loadKubeConfig(path);
    config.loadFromClusterAndUser({ ...cluster, caFile: ca }, user);
    const connection = new Connection(config);
    const client = new Client(connection);

    const first = await connection.access();
    connection.forget();
    expect((await connection.access()).dispatcher).toBe(first.dispatcher);

    writeFileSync(ca, `${certificate}\n${certificate}`);
    connection.forget();
    expect((await connection.access()).dispatcher).not.toBe(first.dispatcher);
    await expect(client.get(NAMESPACES, { name: 'kube-system' })).resolves.toBeDefined();
    await connection.close();
  });

  it('uses a renewed client certificate on disk as soon as the old one is refused', async () => {
    const config = loadKubeConfig(inject('kubeconfig'));
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
    if (!cluster?.caFile || !user?.token) throw new Error('no certificate or token');
    const [certFile, keyFile] = [join(dir, 'client.crt'), join(dir, 'client.key')];
    const certificate = readFileSync(cluster.caFile, 'utf8');
    writeFileSync(certFile, certificate);
    copyFileSync(cluster.caFile.replace(/crt$/, 'key'), keyFile);
    config.loadFromClusterAndUser(cluster, { name: 'admin', token: user.token, certFile, keyFile });
    const connection = new Connection(config);

    const first = await connection.access();
    connection.forget();
    expect((await connection.access()).dispatcher).toBe(first.dispatcher);
    writeFileSync(certFile, `${certificate}\n`);
    connection.forget();
    expect((await connection.access()).dispatcher).not.toBe(first.dispatcher);
    const key = { name: 'kube-system' };
    await expect(new Client(connection).get(NAMESPACES, key)).resolves.toBeDefined();
    await connection.close();
  });

  it('reads the token file of a service account again as soon as the token is refused', async () => {
    const tokenFile = join(dir, 'token');
    const config = loadKubeConfig(inject('kubeconfig'));
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
    if (!cluster || !user?.token) throw new Error('no cluster or token');
    const authProvider = { name: 'tokenFile', config: { tokenFile } };
    config.loadFromClusterAndUser(cluster, { name: 'pod', authProvider });
    const connection = new Connection(config);
    const client = new Client(connection);
    const read = () => client.get(NAMESPACES, { name: 'kube-system' });

    writeFileSync(tokenFile, `${user.token}\n`);
    await expect(read()).resolves.toBeDefined();
    writeFileSync(tokenFile, 'expired');
    connection.forget();
    await expect(read()).rejects.toMatchObject({ code: 401 });
    writeFileSync(tokenFile, user.token);
    await expect(read()).resolves.toBeDefined();
    await connection.close();
  });
});
