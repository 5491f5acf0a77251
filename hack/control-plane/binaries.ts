/** Finds, downloads or builds the programs of a Kubernetes control plane, and caches them. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { downloadProgram } from './download.ts';
import { buildProgram } from './go-build.ts';
import {
  ControlPlaneChoiceError,
  ControlPlaneUnavailableError,
  type Program,
  programsFolder,
} from './versions.ts';

/** Returns the path of a program. */
export type ProgramPaths = (program: Program) => string;

/** Where missing programs come from. */
export type Source = 'download' | 'build';

const PROGRESS_MS = 15_000;
const SOURCES: Readonly<Record<Source, { doing: string; done: string; get: typeof buildProgram }>> =
  {
    download: { doing: 'downloading', done: 'downloaded', get: downloadProgram },
    build: { doing: 'building', done: 'built', get: buildProgram },
  };

/** The sources that CONTROL_PLANE allows, the fastest first. */
export function chosenSources(): readonly Source[] {
  const choice = process.env.CONTROL_PLANE || 'auto';
  if (choice === 'build' || choice === 'download') return [choice];
  if (choice === 'auto') return ['download', 'build'];
  throw new ControlPlaneChoiceError(
    `CONTROL_PLANE=${choice} is not allowed here; it must be build or download`,
  );
}

/**
 * Looks for the programs in KUBEBUILDER_ASSETS, then in the cache. A program that both lack comes
 * from the first of `sources` that has it (setup-envtest has no kube-controller-manager).
 *
 * @param log is called at the start and the end of each program, and every 15 seconds in between.
 * @throws {ControlPlaneUnavailableError} No source has a missing program.
 * @throws {ControlPlaneChoiceError} KUBEBUILDER_ASSETS names a folder that doesn't exist.
 */
export async function ensureBinaries(
  programs: readonly Program[],
  log: (line: string) => void,
  { signal, sources = chosenSources() }: { signal?: AbortSignal; sources?: readonly Source[] } = {},
): Promise<ProgramPaths> {
  const given = process.env.KUBEBUILDER_ASSETS;
  if (given && !existsSync(given))
    throw new ControlPlaneChoiceError(
      `KUBEBUILDER_ASSETS=${given} doesn't exist; name another folder, or unset it`,
    );
  const folders = [given, programsFolder()].filter(Boolean) as string[];
  const find = (program: Program) =>
    folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  const missing = programs.filter((program) => find(program) === undefined);
  const reasons: string[] = [];
  for (const source of sources) {
    if (missing.length === 0) break;
    try {
      while (missing[0] !== undefined) {
        await get(missing[0], source, log, signal);
        missing.shift();
      }
    } catch (error) {
      if (!(error instanceof ControlPlaneUnavailableError)) throw error;
      reasons.push(error.reason);
      if (source !== sources.at(-1)) log(`the ${source} of ${missing[0]} failed: ${error.reason}`);
    }
  }
  if (missing.length > 0) {
    throw new ControlPlaneUnavailableError(`no ${missing.join(', ')}: ${reasons.join('; ')}`);
  }
  return (program) => find(program) ?? join(programsFolder(), program);
}

async function get(
  program: Program,
  source: Source,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folder = programsFolder();
  mkdirSync(folder, { recursive: true });
  const target = join(folder, program);
  // Renamed once complete, because another process may fetch the same program at the same time.
  const unfinished = `${target}.${process.pid}`;
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const { doing, done, get: write } = SOURCES[source];
  const from = source === 'build' ? ' from its Go module; the first build takes minutes' : '';
  log(`${doing} ${program}${from}`);
  const progress = setInterval(() => log(`still ${doing} ${program}, ${seconds()} s`), PROGRESS_MS);
  try {
    await write(program, unfinished, signal);
    renameSync(unfinished, target);
  } finally {
    clearInterval(progress);
    rmSync(unfinished, { force: true });
  }
  log(`${done} ${program} in ${seconds()} s`);
}
