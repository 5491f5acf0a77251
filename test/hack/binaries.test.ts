import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureBinaries } from '../../hack/control-plane/binaries.ts';
import {
  ControlPlaneUnavailableError,
  etcdVersion,
  kubernetesVersion,
  type Program,
  programsFolder,
} from '../../hack/control-plane/versions.ts';

let folder: string;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-binaries-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('KUBEBUILDER_ASSETS', '');
  vi.stubEnv('CONTROL_PLANE', 'build');
  vi.stubEnv('PATH', folder);
  lines.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

const lines: string[] = [];
const log = (line: string) => lines.push(line);

it('without Go and without programs, one sentence names the three alternatives', async () => {
  vi.stubEnv('CONTROL_PLANE', '');
  vi.stubEnv('KUBERNETES_RELEASES', 'http://127.0.0.1:1');
  vi.stubEnv('ETCD_RELEASES', 'http://127.0.0.1:1');
  const refused = ensureBinaries(['etcd', 'kube-apiserver'], log);
  await expect(refused).rejects.toThrow(ControlPlaneUnavailableError);
  await expect(refused).rejects.toThrow(
    /^no Kubernetes control plane .*etcd, kube-apiserver.*Go .*KUBEBUILDER_ASSETS .*KUBECONFIG [^\n]*$/,
  );
});

it.each([
  ['build', 'install Go 1.26 or newer; without CONTROL_PLANE, other ways are tried'],
  ['download', 'check the network and the proxy, or set KUBERNETES_RELEASES and ETCD_RELEASES'],
])('the error with CONTROL_PLANE=%s says what this way needs', async (choice, advice) => {
  vi.stubEnv('CONTROL_PLANE', choice);
  vi.stubEnv('KUBERNETES_RELEASES', 'http://127.0.0.1:1');
  await expect(ensureBinaries(['kube-apiserver'], log)).rejects.toThrow(advice);
});

it('a folder in KUBEBUILDER_ASSETS that does not exist is refused', async () => {
  vi.stubEnv('KUBEBUILDER_ASSETS', join(folder, 'none'));
  await expect(ensureBinaries(['etcd'], log)).rejects.toThrow(
    /^KUBEBUILDER_ASSETS=.*none doesn't exist; name another folder, or unset it$/,
  );
});

it('programs in KUBEBUILDER_ASSETS are used, and only missing ones are fetched', async () => {
  vi.stubEnv('KUBEBUILDER_ASSETS', folder);
  for (const program of ['etcd', 'kube-apiserver']) writeFileSync(join(folder, program), '');
  const paths = await ensureBinaries(['etcd', 'kube-apiserver'], log);
  expect(paths('kube-apiserver')).toBe(join(folder, 'kube-apiserver'));
  await expect(
    ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager'], log),
  ).rejects.toThrow(/no kube-controller-manager: Go is not installed/);
});

it('a missing program is built with Go into the cache only once', async () => {
  installGo();
  const first = (await ensureBinaries(['etcd'], log))('etcd');
  expect(first).toMatch(/\/cache\/scim-operator\/kubernetes-v[\d.]+_etcd-v[\d.]+\/etcd$/);
  expect(lines).toHaveLength(2);
  expect((await ensureBinaries(['etcd'], log))('etcd')).toBe(first);
  expect(lines).toHaveLength(2);
});

it('an unknown CONTROL_PLANE is refused with the allowed values', async () => {
  vi.stubEnv('CONTROL_PLANE', 'fetch');
  await expect(ensureBinaries(['etcd'], log)).rejects.toThrow(
    'CONTROL_PLANE=fetch is not allowed here; it must be build or download',
  );
});

describe.runIf(process.platform === 'linux')('a download', () => {
  const PROGRAMS: readonly Program[] = ['etcd', 'kube-apiserver', 'kube-controller-manager'];
  beforeEach(() => {
    vi.stubEnv('CONTROL_PLANE', '');
    vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
  });

  it('puts the programs of the release into the cache', async () => {
    await publish();
    const paths = await ensureBinaries(PROGRAMS, log);
    for (const program of PROGRAMS) {
      expect(readFileSync(paths(program), 'utf8')).toBe(`official ${program}`);
      expect(statSync(paths(program)).mode & 0o111).toBe(0o111);
    }
    expect(lines.filter((line) => line.startsWith('downloaded '))).toHaveLength(3);
  });

  it('follows redirects', async () => {
    const target = await publish();
    const redirecting = await serve((path) => ({ status: 302, location: `${target}${path}` }));
    vi.stubEnv('KUBERNETES_RELEASES', redirecting);
    const paths = await ensureBinaries(['kube-apiserver'], log);
    expect(readFileSync(paths('kube-apiserver'), 'utf8')).toBe('official kube-apiserver');
  });

  it('is discarded if the checksum differs, and the program is built', async () => {
    installGo();
    await publish({ altered: true });
    const paths = await ensureBinaries(PROGRAMS, log);
    for (const program of PROGRAMS) expect(readFileSync(paths(program), 'utf8')).toBe('built\n');
    expect(lines.join('\n')).toContain('its checksum differs from the one in the release');
  });

  it('is never replaced by a build with CONTROL_PLANE=download', async () => {
    installGo();
    vi.stubEnv('CONTROL_PLANE', 'download');
    await publish({ altered: true });
    await expect(ensureBinaries(PROGRAMS, log)).rejects.toThrow(ControlPlaneUnavailableError);
  });

  it.each([
    ['refuses connections', async () => 'http://127.0.0.1:1'],
    ['does not respond', silentServer],
    ['has no such file', () => serve(() => ({ status: 404 }))],
  ])('from a server that %s is replaced by a build', async (_, start) => {
    installGo();
    const releases = await start();
    vi.stubEnv('KUBERNETES_RELEASES', releases);
    vi.stubEnv('ETCD_RELEASES', releases);
    const paths = await ensureBinaries(['etcd'], log);
    expect(readFileSync(paths('etcd'), 'utf8')).toBe('built\n');
    expect(lines[1]).toMatch(/^the download of etcd failed: http.*etcd-v[\d.]+-linux-.*: .+/);
  });

  it('is replaced by a build if it stops in the middle, and leaves nothing behind', async () => {
    installGo();
    const releases = await publish();
    const cutting = await serve((path) =>
      path.endsWith('.sha256')
        ? { status: 302, location: `${releases}${path}` }
        : { status: 200, body: 'official', length: 1_000 },
    );
    vi.stubEnv('KUBERNETES_RELEASES', cutting);
    const paths = await ensureBinaries(['kube-apiserver'], log);
    expect(readFileSync(paths('kube-apiserver'), 'utf8')).toBe('built\n');
    expect(readdirSync(programsFolder())).toEqual(['kube-apiserver']);
  });
});

/** Installs a fake Go that writes the file that `-o` names. */
function installGo(): void {
  const go = join(folder, 'go');
  const script = 'while [ $# -gt 1 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done';
  writeFileSync(go, `#!/bin/sh\n${script}\n`);
  chmodSync(go, 0o755);
}

interface Answer {
  readonly status: number;
  readonly location?: string;
  readonly body?: string | Buffer;
  /** The Content-Length. The default is the length of the body. */
  readonly length?: number;
}

async function serve(answer: (path: string) => Answer): Promise<string> {
  const server = createServer((request, response) => {
    const { status, location, body = '', length = body.length } = answer(request.url ?? '');
    response.writeHead(status, { 'content-length': length, ...(location && { location }) });
    response.write(body);
    if (length === body.length) response.end();
    else response.destroy();
  });
  return listen(server);
}

/** Accepts connections but never responds. */
function silentServer(): Promise<string> {
  return listen(createTcpServer(() => undefined) as unknown as Server);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Publishes programs in the way Kubernetes and etcd do. */
async function publish({ altered = false } = {}): Promise<string> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const kube = `/${kubernetesVersion()}/bin/linux/${architecture}`;
  const name = `etcd-${etcdVersion()}-linux-${architecture}`;
  const files = new Map<string, Buffer>();
  for (const program of ['kube-apiserver', 'kube-controller-manager']) {
    const content = Buffer.from(`official ${program}`);
    files.set(`${kube}/${program}`, content);
    files.set(`${kube}/${program}.sha256`, Buffer.from(sha256(content)));
  }
  const archive = etcdArchive(name);
  files.set(`/${etcdVersion()}/${name}.tar.gz`, archive);
  files.set(
    `/${etcdVersion()}/SHA256SUMS`,
    Buffer.from(`${sha256(Buffer.from('other'))}  other\n${sha256(archive)}  ${name}.tar.gz\n`),
  );
  const url = await serve((path) => {
    const content = files.get(path);
    if (content === undefined) return { status: 404 };
    const isProgram = !/sha256/i.test(path);
    return { status: 200, body: altered && isProgram ? Buffer.from('altered') : content };
  });
  vi.stubEnv('KUBERNETES_RELEASES', url);
  vi.stubEnv('ETCD_RELEASES', url);
  return url;
}

function etcdArchive(name: string): Buffer {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'etcd'), 'official etcd');
  writeFileSync(join(folder, name, 'etcdctl'), 'another program');
  return spawnSync('tar', ['-czf', '-', '-C', folder, name]).stdout;
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
