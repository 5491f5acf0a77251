/** The demo's kind cluster, with programs in the place of kind and Docker that write down what they are asked for. */
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

/** A kind that has these clusters, and creates another one as `create` says. */
function installKind(clusters = '', create = `echo '${KUBECONFIG}' > "$6"`): void {
  install(
    'kind',
    `echo "$KIND_EXPERIMENTAL_PROVIDER $*" >> ${folder}/asked
case "$1" in get) echo '${clusters}';; create) ${create};; esac`,
  );
}

it.each(['docker', 'podman'])('is created in %s and removed at the end', async (engine) => {
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
});

it.each([
  ['without kind', () => install('docker', 'exit 0'), /kind version/],
  [
    'without a running engine',
    () => {
      installKind();
      for (const engine of ['docker', 'podman']) install(engine, 'exit 1');
    },
    /neither Docker nor podman runs here/,
  ],
])('is not to be had %s', async (_, prepare, reason) => {
  prepare();
  await expect(open()).rejects.toThrow(ControlPlaneUnavailableError);
  await expect(open()).rejects.toThrow(reason);
});

it('is refused beside a cluster of the same name, which is left alone', async () => {
  install('docker', 'exit 0');
  installKind('other\ndemo');
  await expect(open()).rejects.toThrow(/kind delete cluster --name demo/);
  expect(asked().at(-1)).toBe('docker get clusters');
});

it.each([
  ['cannot be created', 'echo no image >&2; exit 1', () => undefined],
  ['is interrupted', 'exec sleep 60', () => stop.abort()],
])('that %s is removed', async (_, create, interrupt) => {
  install('docker', 'exit 0');
  installKind('', create);
  const refused = expect(open()).rejects.toThrow(/kind create/);
  await eventually(() => expect(asked().some((line) => line.includes(' create '))).toBe(true));
  interrupt();
  await refused;
  expect(asked().at(-1)).toContain('delete cluster --name demo');
});
