/** `make kind`, with fake programs for kind, helm and the engines that record their arguments. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-kind-'));
  writeFileSync(join(folder, 'image.tar'), '');
  writeFileSync(join(folder, 'asked'), '');
  for (const engine of ['docker', 'podman']) install(engine, 'exit 1');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(program: string, script: string): void {
  const file = join(folder, program);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** With a running podman. */
function installPrograms(clusters = ''): void {
  install('podman', 'exit 0');
  const record = `echo "$KIND_EXPERIMENTAL_PROVIDER $*" >> ${folder}/asked`;
  install('kind', `${record}\n[ "$1" = get ] && echo '${clusters}' || exit 0`);
  install('helm', `cat > ${folder}/values; echo "helm $*" >> ${folder}/asked`);
}

function makeKind(variables: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, ['hack/kind/main.ts'], {
    encoding: 'utf8',
    env: {
      PATH: `${folder}:/usr/bin:/bin`,
      KIND: join(folder, 'kind'),
      HELM_V4: join(folder, 'helm'),
      ARCHIVE: join(folder, 'image.tar'),
      ...variables,
    },
  });
}

const asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');

describe('make kind', () => {
  it('says in one line what to do without an engine', () => {
    const { status, stderr } = makeKind();
    expect(status).toBe(1);
    expect(stderr).toBe(
      'kind: a kind cluster needs docker or podman, and neither is running; start one of them, or ' +
        'test on a cluster whose nodes have the image: KUBECONFIG=… make e2e\n',
    );
  });

  it('creates the cluster, loads the image and installs the chart', () => {
    installPrograms('other');
    const { status, stdout } = makeKind();
    expect(status).toBe(0);
    expect(asked()).toEqual([
      'podman get clusters',
      expect.stringMatching(/^podman create cluster --config \S+\/cluster\.yaml --wait 180s$/),
      `podman load image-archive ${join(folder, 'image.tar')} --name scim-operator`,
      expect.stringMatching(/^helm upgrade --install .* --kube-context kind-scim-operator --wait /),
    ]);
    expect(JSON.parse(readFileSync(join(folder, 'values'), 'utf8'))).toMatchObject({
      publicUrl: 'http://localhost:8080',
      image: { repository: 'localhost/scim-operator', tag: packageJson.version },
    });
    expect(stdout).toContain('port-forward service/scim-operator 8080:80');
    expect(stdout).toMatch(/PROVIDER=podman \S+\/kind delete cluster --name scim-operator\n$/);
  });

  it('uses the cluster that exists, and makes it the current context', () => {
    installPrograms('scim-operator');
    expect(makeKind().status).toBe(0);
    expect(asked()[1]).toBe('podman export kubeconfig --name scim-operator');
  });

  it('leaves the installation to make e2e with INSTALL=off', () => {
    installPrograms();
    const { status, stdout } = makeKind({ INSTALL: 'off' });
    expect(status).toBe(0);
    expect(asked().at(-1)).toContain('load image-archive');
    expect(stdout).toContain('make e2e');
  });

  it('fails when a step fails', () => {
    installPrograms();
    install('helm', 'exit 1');
    const { status, stderr } = makeKind();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^kind: helm upgrade failed: exited with 1$/m);
  });
});

const hasGo = spawnSync('go', ['version']).status === 0;

it.skipIf(!hasGo)('kind accepts cluster.yaml, whose node image is that of its release', () => {
  const { status, stdout, stderr } = spawnSync('go', ['test', './...'], {
    cwd: 'hack/kind',
    encoding: 'utf8',
  });
  expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({
    status: 0,
    output: '',
  });
});
