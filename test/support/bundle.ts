/** The program as it is released: a bundle, which starts with a quarter of the CPU time. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };

/** Below node_modules, so that the bundle finds the packages that are not part of it. */
const FOLDER = resolve('node_modules/.cache/program');

let built: string | undefined;

/**
 * The path of the bundle, which is built only if the sources have changed. Other processes may be
 * running the same one.
 */
export function programBundle(): string {
  built ??= join(buildIfChanged(), 'scim-operator.js');
  return built;
}

/** The folder is named by what it was built from, and is there as a whole or not at all. */
function buildIfChanged(): string {
  const name = hashOfSources();
  const folder = join(FOLDER, name);
  if (existsSync(folder)) return folder;
  mkdirSync(FOLDER, { recursive: true });
  const temporary = mkdtempSync(join(FOLDER, 'build-'));
  const script = packageJson.scripts.build.replaceAll('dist/', `${temporary}/`);
  const PATH = `${resolve('node_modules/.bin')}:${process.env.PATH}`;
  execFileSync('sh', ['-c', script], { env: { ...process.env, PATH }, stdio: 'pipe' });
  const outdated = readdirSync(FOLDER).filter((each) => !each.startsWith('build-'));
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true });
    // Another process was faster.
    if (!existsSync(folder)) throw error;
    return folder;
  }
  for (const each of outdated) rmSync(join(FOLDER, each), { recursive: true, force: true });
  return folder;
}

/** The lock file stands for the packages. */
function hashOfSources(): string {
  const files = globSync('src/**').filter((path) => statSync(path).isFile());
  const hash = createHash('sha256');
  for (const path of ['package.json', 'package-lock.json', ...files.sort()])
    hash.update(`${path}\n`).update(readFileSync(path));
  return hash.digest('hex');
}
