/** Installs the public suite scim2-tester from exact pins into the cache, and runs it. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../cache.ts';
import type { CheckResult } from './judge.ts';

/** The suite can't be installed here. The message says what to do. */
export class SuiteUnavailableError extends Error {
  override readonly name = 'SuiteUnavailableError';
}

export interface Suite {
  readonly version: string;
  /** The interpreter of the environment in which the suite is installed. */
  readonly python: string;
}

export interface Endpoint {
  /** Base URL, without a trailing slash. */
  readonly url: string;
  readonly token: string;
}

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const SCRIPT = join(import.meta.dirname, 'run_suite.py');
/** The oldest Python 3 that scim2-tester supports. */
const OLDEST_MINOR = 11;
const INTERPRETERS = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
/** Debian ships `venv` without `ensurepip`, which creates environments without pip. */
const PROBE = 'import ensurepip, venv, sys; print(".".join(map(str, sys.version_info[:3])))';

/** Installs the suite if the cache lacks it. Throws SuiteUnavailableError. */
export async function ensureSuite(
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<Suite> {
  const base = findPython();
  const requirements = readFileSync(REQUIREMENTS, 'utf8');
  const version = /^scim2-tester==(\S+)/m.exec(requirements)?.[1] ?? '';
  const pins = createHash('sha256').update(requirements).digest('hex').slice(0, 12);
  const folder = cacheFolder(`scim2-tester-${version}_${pins}_python-${base.version}`);
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) {
    log(`installing scim2-tester ${version} for Python ${base.version}`);
    await install(base.command, folder, signal);
  }
  return { version, python };
}

/** Runs every check and returns the results. */
export async function runSuite(
  { python }: Suite,
  { url, token }: Endpoint,
  signal?: AbortSignal,
): Promise<readonly CheckResult[]> {
  const env = { ...process.env, CONFORMANCE_URL: url, CONFORMANCE_TOKEN: token };
  return JSON.parse(await outputOf(python, [SCRIPT], signal, env));
}

function findPython(): { readonly command: string; readonly version: string } {
  for (const command of INTERPRETERS) {
    const { status, stdout } = spawnSync(command, ['-c', PROBE], { encoding: 'utf8' });
    const version = status === 0 ? stdout.trim() : '';
    const [major, minor] = version.split('.').map(Number);
    if (major === 3 && minor !== undefined && minor >= OLDEST_MINOR) return { command, version };
  }
  throw new SuiteUnavailableError(
    `no Python can run scim2-tester: install Python 3.${OLDEST_MINOR} or newer with its venv module (on Debian and Ubuntu, the package python3-venv)`,
  );
}

async function install(
  python: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The folder may be left from a Python that has been removed.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  // Renamed once complete, because another process may install the same suite at the same time.
  const unfinished = `${folder}.${process.pid}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
  try {
    await outputOf(python, ['-m', 'venv', unfinished], signal);
    await outputOf(
      join(unfinished, 'bin', 'python'),
      [...pip, '--only-binary', ':all:', '--require-hashes', '-r', REQUIREMENTS],
      signal,
    );
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Returns the standard output of the command. Its standard error goes to ours. */
function outputOf(
  command: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  env = process.env,
): Promise<string> {
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(signal && { signal }),
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => {
      if (code === 0) resolve(output);
      else
        reject(new SuiteUnavailableError(`${command} ${args.join(' ')} exited with ${by ?? code}`));
    });
  });
}
