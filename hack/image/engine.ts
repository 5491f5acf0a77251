/** Builds the image with the container engine that the machine has. */
import { spawnSync } from 'node:child_process';

/** No engine can build here; the message says what to install. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}

export interface BuildOptions {
  /** For example linux/arm64. */
  readonly platform: string;
  /** With a registry or `localhost`, and a tag. */
  readonly image: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  /** Never asks a registry for a base image. */
  readonly isOffline: boolean;
}

export interface Engine {
  readonly name: string;
  build(options: BuildOptions): void;
  /** Writes the image as an OCI archive, under its whole name. */
  save(image: string, file: string): void;
}

const buildOf = (command: string, more: readonly string[]) => (options: BuildOptions) => {
  const { platform, image, buildArguments, isOffline } = options;
  const each = Object.entries(buildArguments).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ]);
  const pull = isOffline ? ['--pull-never'] : [];
  run(command, [...more, '--platform', platform, '--tag', image, ...pull, ...each, '.']);
};

export type Architecture = 'amd64' | 'arm64';

export const hostArchitecture = (): Architecture => (process.arch === 'arm64' ? 'arm64' : 'amd64');

const ENGINES: readonly (Engine & { readonly works: () => boolean })[] = [
  {
    name: 'docker',
    works: () => succeeds('docker', ['buildx', 'version']) && succeeds('docker', ['info']),
    build: buildOf('docker', ['buildx', 'build', '--load']),
    save: (image, file) => run('docker', ['save', '--output', file, image]),
  },
  {
    name: 'podman',
    works: () => succeeds('podman', ['info']),
    build: buildOf('podman', ['build']),
    save: (image, file) => run('podman', ['save', '--format=oci-archive', '-o', file, image]),
  },
  {
    name: 'buildah',
    works: () => succeeds('buildah', ['info']),
    // Chroot needs no privileges beyond a container's. Older versions don't know BUILDPLATFORM.
    build: buildOf(
      'buildah',
      ['build', '--isolation=chroot', '--layers'].concat([
        '--build-arg',
        `BUILDPLATFORM=linux/${hostArchitecture()}`,
      ]),
    ),
    save: (image, file) => run('buildah', ['push', image, `oci-archive:${file}:${image}`]),
  },
];

/** Throws EngineUnavailableError. */
export function findEngine(wanted: string | undefined): Engine {
  const candidates = ENGINES.filter(({ name }) => wanted === undefined || name === wanted);
  const engine = candidates.find(({ works }) => works());
  if (engine !== undefined) return engine;
  const names = wanted ?? 'docker (with buildx), podman or buildah';
  throw new EngineUnavailableError(
    `an image needs ${names}, and none works here; install one and start it`,
  );
}

export function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Its output goes to standard error, so that standard output is the caller's. */
export function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    throw new Error(`${command} ${args[0]} failed: ${error?.message ?? `exit code ${status}`}`);
  }
}
