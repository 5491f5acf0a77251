import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ControlPlaneUnavailableError, ensureBinaries } from '../../hack/control-plane/binaries.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-binaries-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('KUBEBUILDER_ASSETS', '');
  vi.stubEnv('PATH', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const lines: string[] = [];
const log = (line: string) => lines.push(line);

it('without Go and programs, one sentence names the three ways out', async () => {
  const refused = ensureBinaries(['etcd', 'kube-apiserver'], log);
  await expect(refused).rejects.toThrow(ControlPlaneUnavailableError);
  await expect(refused).rejects.toThrow(
    /^no Kubernetes control plane .*Go .* etcd, kube-apiserver, .*KUBEBUILDER_ASSETS .*KUBECONFIG [^\n]*$/,
  );
});

it('programs in KUBEBUILDER_ASSETS are used, and only what it lacks is asked for', async () => {
  vi.stubEnv('KUBEBUILDER_ASSETS', folder);
  for (const program of ['etcd', 'kube-apiserver']) writeFileSync(join(folder, program), '');
  const paths = await ensureBinaries(['etcd', 'kube-apiserver'], log);
  expect(paths('kube-apiserver')).toBe(join(folder, 'kube-apiserver'));
  await expect(
    ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager'], log),
  ).rejects.toThrow(/to build kube-controller-manager, /);
});

it('what is missing is built with Go into the cache, once', async () => {
  const go = join(folder, 'go');
  // Writes what -o names.
  const script = 'while [ $# -gt 1 ]; do [ "$1" = -o ] && echo program > "$2"; shift; done';
  writeFileSync(go, `#!/bin/sh\n${script}\n`);
  chmodSync(go, 0o755);
  lines.length = 0;
  const first = (await ensureBinaries(['etcd'], log))('etcd');
  expect(first).toMatch(/\/cache\/scim-operator\/kubernetes-v[\d.]+_etcd-v[\d.]+\/etcd$/);
  expect(lines).toHaveLength(2);
  expect((await ensureBinaries(['etcd'], log))('etcd')).toBe(first);
  expect(lines).toHaveLength(2);
});
