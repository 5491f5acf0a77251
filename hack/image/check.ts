/**
 * Checks OCI archives (`make image-check`): what they contain, and that the program in them starts
 * as the image's user. Needs root, because a container's root folder is entered with chroot; an
 * image of another architecture also needs qemu-user-static.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild, sweepAfterDeath } from '../process/child.ts';
import { freePorts } from '../process/ports.ts';
import { BILL_OF_MATERIALS, THIRD_PARTY_LICENCES } from '../sbom/image.ts';
import { type UnpackedImage, unpackArchive } from './archive.ts';
import { hostArchitecture } from './engine.ts';

const MOST_BYTES = 200_000_000;
/** What the licences demand, and the bill of materials. */
const DOCUMENTS = [
  'app/LICENSE',
  `app/${BILL_OF_MATERIALS}`,
  `app/${THIRD_PARTY_LICENCES}`,
  'usr/share/common-licenses/LGPL-2.1',
  'usr/share/common-licenses/GPL-3',
  'usr/share/doc/libc6/copyright',
  'usr/share/doc/libgcc-s1/copyright',
  'usr/share/doc/libstdc++6/copyright',
];
const READY_DEADLINE_MS = 180_000;
const EMULATORS: Readonly<Record<string, string>> = {
  amd64: 'qemu-x86_64-static',
  arm64: 'qemu-aarch64-static',
};

/** Nothing listens on port 1: serving needs no cluster. */
const UNREACHABLE = JSON.stringify({
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  users: [{ name: 'none', user: { token: 'none' } }],
  'current-context': 'none',
});

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('name the archives to check');
for (const file of files) await check(file);

async function check(file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-image-'));
  sweepAfterDeath(folder);
  try {
    const image = unpackArchive(file, folder);
    const bytes = Number(
      execFileSync('du', ['-sb', image.root], { encoding: 'utf8' }).split('\t')[0],
    );
    const faults = [...faultsOf(image, bytes)];
    if (faults.length > 0) throw new Error(`${file}: ${faults.join('; ')}`);
    const { readyMs, version } = await start(image, folder);
    const megabytes = (count: number) => `${Math.round(count / 1_000_000)} MB`;
    console.log(
      `${file}: ${image.name} (${image.architecture}), ${version}, ${megabytes(bytes)} unpacked, ` +
        `${megabytes(statSync(file).size)} packed, ready after ${readyMs} ms`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function* faultsOf({ root, config, name }: UnpackedImage, bytes: number): Iterable<string> {
  if (bytes > MOST_BYTES) yield `${bytes} bytes are more than ${MOST_BYTES}`;
  if (!/^[^/]+\.?[^/]*\/.*:/.test(name)) yield `the name ${name} lacks a registry or a tag`;
  if (config.User !== '65532:65532') yield `the user is ${config.User}`;
  const programs = globSync('{bin,sbin,usr/bin,usr/sbin,usr/local/bin}/*', { cwd: root });
  const others = programs.filter((path) => path !== 'usr/local/bin/node');
  if (others.length > 0) yield `it contains ${others.join(', ')}`;
  for (const path of DOCUMENTS) if (!existsSync(join(root, path))) yield `it lacks /${path}`;
}

/** Serves SCIM from the unpacked image, as its user, and stops it again. */
async function start(
  image: UnpackedImage,
  folder: string,
): Promise<{ readonly readyMs: number; readonly version: string }> {
  const { root, config } = image;
  const enter = ['--userspec=65532:65532', root, ...emulatorOf(image), ...config.Entrypoint];
  const env = Object.fromEntries(config.Env.map((each) => each.split(/=(.*)/s).slice(0, 2)));
  const version = execFileSync('chroot', [...enter, '--version'], { encoding: 'utf8', env }).trim();
  const expected = `scim-operator ${config.Labels['org.opencontainers.image.version']}`;
  if (version !== expected) throw new Error(`its version is ${version}, not ${expected}`);
  const kubeconfig = '/tmp/kubeconfig';
  writeFileSync(join(root, kubeconfig), UNREACHABLE);
  const [port, opsPort] = await freePorts(2);
  const log = join(folder, 'log');
  const began = performance.now();
  const options = {
    'public-url': 'https://scim.example.com',
    'database-url': 'file:/tmp/directory.db',
    host: '127.0.0.1',
    port,
    'ops-port': opsPort,
    kubeconfig,
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = startChild('chroot', [...enter, ...config.Cmd, ...flags], log, env);
  try {
    while (!(await isReady(`http://127.0.0.1:${opsPort}/readyz`))) {
      const isLate = performance.now() - began > READY_DEADLINE_MS;
      if (isLate || !child.running) throw new Error(`not ready: ${readFileSync(log, 'utf8')}`);
      await pause(10);
    }
    const readyMs = Math.round(performance.now() - began);
    await child.stop('SIGTERM', 20_000);
    const code = await child.exited;
    if (code !== '0') throw new Error(`it ended with ${code}: ${readFileSync(log, 'utf8')}`);
    return { readyMs, version };
  } finally {
    await child.stop('SIGKILL');
  }
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The static program that runs another architecture's, copied to where chroot finds it. */
function emulatorOf({ architecture, root }: UnpackedImage): readonly string[] {
  if (architecture === hostArchitecture()) return [];
  const emulator = `/usr/bin/${EMULATORS[architecture]}`;
  if (!existsSync(emulator)) {
    throw new Error(`${emulator} is missing; install qemu-user-static to start ${architecture}`);
  }
  const inside = `/tmp/${basename(emulator)}`;
  copyFileSync(emulator, join(root, inside));
  return [inside];
}
