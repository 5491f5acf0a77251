/**
 * Stand-ins for the base images where no registry can be reached: the same Debian, from its
 * packages, with the same Node.js, from npm. The real Dockerfile is built on them.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Architecture,
  EngineUnavailableError,
  hostArchitecture,
  run,
  succeeds,
} from './engine.ts';

const SUITE = 'bookworm';
const DEBIAN = '12';
const NPM = '11.21.2';
/** The build stage runs npm and Node.js, the runtime base is only copied from. */
const BUILD_PACKAGES = ['ca-certificates', 'libstdc++6'];
const RUNTIME_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];
/** Unpacking alone leaves dpkg's list of packages empty, from which the bill of materials is made. */
const LIST_PACKAGES =
  'for each in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --field "$each"; echo; done' +
  ' >"$1/var/lib/dpkg/status"';
/** Raise it when the stand-in for the runtime gets other content. */
const REVISION = 2;

export interface Bases {
  readonly BUILD_IMAGE: string;
  readonly RUNTIME_IMAGE: string;
}

/** Throws EngineUnavailableError. */
export function standInBases(nodeVersion: string, architecture: Architecture): Bases {
  if (!succeeds('buildah', ['info']) || !succeeds('mmdebstrap', ['--version'])) {
    throw new EngineUnavailableError(
      'the registry of the base images is unreachable, and bases made of Debian packages need ' +
        'buildah and mmdebstrap; install them, or make the registry reachable',
    );
  }
  return {
    BUILD_IMAGE: buildBase(nodeVersion),
    RUNTIME_IMAGE: runtimeBase(nodeVersion, architecture),
  };
}

function buildBase(nodeVersion: string): string {
  const image = `localhost/stand-in-build:${SUITE}-${nodeVersion}-${NPM}`;
  return once(image, hostArchitecture(), (root) => {
    debian(root, 'minbase', hostArchitecture(), BUILD_PACKAGES);
    addNode(root, nodeVersion, hostArchitecture());
    const npm = join(root, 'usr/local/lib/node_modules/npm');
    unpack(`npm@${NPM}`, npm);
    writeFileSync(join(root, 'usr/local/bin/npm'), launcher('npm'), { mode: 0o755 });
    writeFileSync(join(root, 'usr/local/bin/npx'), launcher('npx'), { mode: 0o755 });
    return addCertificates(root);
  });
}

const launcher = (name: string): string =>
  `#!/bin/sh\nexec /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/${name}-cli.js "$@"\n`;

function runtimeBase(nodeVersion: string, architecture: Architecture): string {
  const image = `localhost/stand-in-runtime:${SUITE}-${nodeVersion}-${architecture}-${REVISION}`;
  return once(image, architecture, (root) => {
    debian(root, 'extract', architecture, RUNTIME_PACKAGES);
    writeFileSync(join(root, 'etc/os-release'), `ID=debian\nVERSION_ID="${DEBIAN}"\n`);
    addNode(root, nodeVersion, architecture);
    return [];
  });
}

/** `fill` returns the options of `buildah config`. An image that is there is not built again. */
function once(
  image: string,
  architecture: string,
  fill: (root: string) => readonly string[],
): string {
  if (succeeds('buildah', ['inspect', '--type=image', image])) return image;
  const root = mkdtempSync(join(tmpdir(), 'scim-operator-base-'));
  try {
    const settings = fill(root);
    const container = output('buildah', ['from', '--arch', architecture, 'scratch']);
    try {
      run('buildah', ['add', '--quiet', container, root, '/']);
      run('buildah', ['config', '--arch', architecture, ...settings, container]);
      run('buildah', ['commit', '--quiet', container, image]);
    } finally {
      run('buildah', ['rm', container]);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return image;
}

function debian(
  root: string,
  variant: string,
  architecture: string,
  packages: readonly string[],
): void {
  const args = [`--variant=${variant}`, `--architectures=${architecture}`, '--quiet'];
  if (variant === 'extract') args.push(`--extract-hook=${LIST_PACKAGES}`);
  const included = `--include=${packages.join(',')}`;
  // A folder that mmdebstrap may fill is empty and belongs to root.
  run('mmdebstrap', [...args, included, '--skip=check/empty', SUITE, root]);
}

function addNode(root: string, version: string, architecture: Architecture): void {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-node-'));
  try {
    const name = architecture === 'amd64' ? 'x64' : 'arm64';
    unpack(`node-linux-${name}@${version}`, folder);
    mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
    cpSync(join(folder, 'bin/node'), join(root, 'usr/local/bin/node'));
    cpSync(join(folder, 'LICENSE'), join(root, 'usr/local/LICENSE'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A package from the npm registry, without its dependencies. */
function unpack(name: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const file = output('npm', ['pack', '--silent', '--pack-destination', tmpdir(), name]);
  const archive = join(tmpdir(), file);
  run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner']);
  rmSync(archive);
}

/** A company's own certificate authority is needed to reach the npm registry. */
function addCertificates(root: string): readonly string[] {
  const own = process.env.NODE_EXTRA_CA_CERTS;
  if (own === undefined || !existsSync(own)) return [];
  const path = '/usr/local/share/ca-certificates/company.crt';
  mkdirSync(join(root, '/usr/local/share/ca-certificates'), { recursive: true });
  cpSync(own, join(root, path), { dereference: true });
  return ['--env', `NODE_EXTRA_CA_CERTS=${path}`];
}

const output = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' }).trim();
