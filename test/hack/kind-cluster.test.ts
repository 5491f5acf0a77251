/** The demo's kind cluster, with fake programs for kind and Docker that record their arguments. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ControlPlaneUnavailableError } from '../../hack/control-plane/versions.ts';
import { openKindCluster } from '../../hack/demo/kind-cluster.ts';
import { eventually } from '../support/eventually.ts';

const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'kind',
  clusters: [{ name: 'kind', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'kind', user: {} }],
  contexts: [{ name: 'kind', context: { cluster: 'kind', user: 'kind' } }],
});

let folder: string;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-kind-'));
  stop = new AbortController();
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const open = () => openKindCluster('demo', folder, () => undefined, stop.signal);
const asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');

function install(program: string, script: string): void {
  const file = join(folder, program);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/**
 * Installs a fake kind with these clusters, which runs the script `create` to create another one.
 */
function installKind(clusters = '', create = `echo '${KUBECONFIG}' > "$6"`): void {
  install(
    'kind',
    `echo "$KIND_EXPERIMENTAL_PROVIDER $*" >> ${folder}/asked
case "$1" in get) echo '${clusters}';; create) ${create};; esac`,
  );
}

it.each(['docker', 'podman'])(
  'a kind cluster is created in %s and deleted at the end',
  async (engine) => {
    for (const each of ['docker', 'podman']) install(each, `exit ${each === engine ? 0 : 1}`);
    installKind();
    const cluster = await open();
    expect(cluster.description).toBe(`a kind cluster in ${engine}`);
    expect(readFileSync(cluster.kubeconfig, 'utf8')).toContain('127.0.0.1:1');
    await cluster.stop();
    expect(asked().slice(1)).toEqual([
      `${engine} get clusters`,
      `${engine} create cluster --name demo --kubeconfig ${cluster.kubeconfig} --wait 120s`,
      `${engine} delete cluster --name demo --kubeconfig ${cluster.kubeconfig}`,
    ]);
  },
);

it.each([
  ['without kind', () => install('docker', 'exit 0'), /kind is not installed/],
  [
    'without a running engine',
    () => {
      installKind();
      for (const engine of ['docker', 'podman']) install(engine, 'exit 1');
    },
    /neither Docker nor podman is running/,
  ],
])('a kind cluster is unavailable %s', async (_, prepare, reason) => {
  prepare();
  await expect(open()).rejects.toThrow(ControlPlaneUnavailableError);
  await expect(open()).rejects.toThrow(reason);
});

it('a kind cluster of the same name is left alone, and no other is created', async () => {
  install('docker', 'exit 0');
  installKind('other\ndemo');
  await expect(open()).rejects.toThrow(/kind delete cluster --name demo/);
  expect(asked().at(-1)).toBe('docker get clusters');
});

it.each([
  ['fails', 'echo no image >&2; exit 1', () => undefined],
  ['is interrupted', 'exec sleep 60', () => stop.abort()],
])('a kind cluster whose creation %s is deleted', async (_, create, interrupt) => {
  install('docker', 'exit 0');
  installKind('', create);
  const refused = expect(open()).rejects.toThrow(/kind create/);
  await eventually(() => expect(asked().some((line) => line.includes(' create '))).toBe(true));
  interrupt();
  await refused;
  expect(asked().at(-1)).toContain('delete cluster --name demo');
});
