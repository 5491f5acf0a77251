/** Programs that are built from Go modules pinned in this repository, and kept in the cache. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache.ts';

/** There is no Go, or the build failed. */
export class GoBuildError extends Error {
  override readonly name = 'GoBuildError';
}

export interface GoProgram {
  readonly name: string;
  /** Folder of the go.mod. */
  readonly module: string;
  /** Import path of its package main. */
  readonly main: string;
  /** Of the linker, besides those that leave out what only debuggers read. */
  readonly flags?: string;
}

/** `v1.2.3`: the version of the module `path` that a go.mod requires. */
export function requiredVersion(module: string, path: string): string {
  const text = readFileSync(join(module, 'go.mod'), 'utf8');
  const line = text.split('\n').find((each) => each.includes(`${path} v`));
  const version = line?.split(' ').find((word) => word.startsWith('v'));
  if (version === undefined) throw new Error(`${module}/go.mod requires no ${path}`);
  return version.trim();
}

/** Writes the program to `target`. */
export async function buildGoProgram(
  { name, module, main, flags = '' }: GoProgram,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  if (spawnSync('go', ['version']).status !== 0) throw new GoBuildError('Go is not installed');
  const args = ['build', '-buildvcs=false', '-ldflags', `-s -w ${flags}`, '-o', target, main];
  const child = spawn('go', args, {
    cwd: module,
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'inherit', 'inherit'],
    ...(signal && { signal }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => {
      if (code === 0) resolve();
      else reject(new GoBuildError(`go build of ${name} exited with ${by ?? code}`));
    });
  });
}

/** A program of which this repository needs the version that a go.mod requires. */
export interface PinnedProgram {
  /** The file's name. */
  readonly name: string;
  /** Folder of the go.mod. */
  readonly module: string;
  /** Of the module that go.mod requires. */
  readonly path: string;
  /** Import path of the package main; by default that of the module. */
  readonly main?: string;
  /** Of the linker, for a version. */
  readonly flags?: (version: string) => string;
  /** The version of the program in the PATH. */
  readonly versionInPath: () => string | undefined;
}

/** The program in the PATH if it has the version, or one that is built and kept in the cache. */
export async function findPinnedProgram(
  { name, module, path, main = path, flags, versionInPath }: PinnedProgram,
  log: (line: string) => void,
): Promise<string> {
  const version = requiredVersion(module, path);
  if (versionInPath() === version) return name;
  const target = join(cacheFolder(`${name}-${version}`), name);
  const program = { name: `${name} ${version}`, module, main };
  await ensureGoProgram(flags ? { ...program, flags: flags(version) } : program, target, log);
  return target;
}

/** Builds the program unless `target` is there. */
export async function ensureGoProgram(
  program: GoProgram,
  target: string,
  log: (line: string) => void,
): Promise<void> {
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  // Renamed when whole: another process may build the same program at the same time.
  const unfinished = `${target}.${process.pid}`;
  const started = performance.now();
  log(`building ${program.name} from its Go module, which takes minutes the first time`);
  try {
    await buildGoProgram(program, unfinished);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
  log(`built ${program.name} in ${Math.round((performance.now() - started) / 1000)} s`);
}
