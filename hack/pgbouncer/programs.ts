/** Finds PgBouncer in the PATH, or downloads it from Debian's archive into the cache. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../cache.ts';

/** PgBouncer is unavailable here. The message says why. */
export class PgBouncerUnavailableError extends Error {
  override readonly name = 'PgBouncerUnavailableError';
}

/** The libraries that a small image lacks. Their names differ between releases of Debian. */
const LIBRARIES = /^ *Depends: (lib(?:event|c-?ares)\S*)/gm;

export interface PgBouncerPrograms {
  readonly command: string;
  /** The folder of libraries that the system lacks. */
  readonly libraries: string | undefined;
  /** Such as 1.24. */
  readonly version: string;
  /** Whether it can keep prepared statements in transaction mode, as it does from 1.21 on. */
  readonly prepares: boolean;
}

/** Throws PgBouncerUnavailableError. */
export function findPgBouncer(): PgBouncerPrograms {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  const command = folders.map((each) => join(each, 'pgbouncer')).find(existsSync);
  if (command !== undefined) return programOf(command, undefined);
  const release = /^VERSION_CODENAME=(\w+)/m.exec(osRelease())?.[1];
  if (release === undefined || !/^ID(_LIKE)?=.*debian/m.test(osRelease())) {
    throw new PgBouncerUnavailableError(
      'pgbouncer is not in the PATH, and this system is not based on Debian',
    );
  }
  const folder = cacheFolder(`pgbouncer_${release}_${process.arch}`);
  if (!existsSync(folder)) download(folder);
  const [library] = globSync(join(folder, 'usr/lib/*/libcares.so*'));
  return programOf(join(folder, 'usr/sbin/pgbouncer'), library && dirname(library));
}

function programOf(command: string, libraries: string | undefined): PgBouncerPrograms {
  const env = { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) };
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', env });
  const [, major = 0, minor = 0] = /PgBouncer (\d+)\.(\d+)/.exec(stdout) ?? [];
  const prepares = Number(major) * 1_000 + Number(minor) >= 1_021;
  return { command, libraries, version: `${major}.${minor}`, prepares };
}

function osRelease(): string {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}

function download(folder: string): void {
  // Has the process id in its name, because another process may download at the same time.
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    const packages = join(making, 'packages');
    mkdirSync(packages);
    try {
      fetchPackages(packages);
    } catch {
      // The package lists are missing, or name versions that no longer exist.
      run('apt-get', ['update'], packages);
      fetchPackages(packages);
    }
    for (const file of globSync(join(packages, '*.deb'))) {
      run('dpkg-deb', ['-x', file, making], packages);
    }
    rmSync(packages, { recursive: true });
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function fetchPackages(folder: string): void {
  const dependencies = run('apt-cache', ['depends', 'pgbouncer'], folder);
  const libraries = [...dependencies.matchAll(LIBRARIES)].map(([, name = '']) => name);
  run('apt-get', ['download', 'pgbouncer', ...libraries], folder);
}

/** Returns the standard output. Throws PgBouncerUnavailableError. */
function run(command: string, args: readonly string[], cwd: string): string {
  const options = { cwd, encoding: 'utf8', timeout: 120_000 } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  const reason = error?.message ?? stderr.trim();
  throw new PgBouncerUnavailableError(`${command} ${args.join(' ')}: ${reason}`);
}
