/** The program as it is released: a bundle, which starts with a quarter of the CPU time. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
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
const BUNDLE = join(FOLDER, 'scim-operator.js');

let isBuilt = false;

/**
 * The path of the bundle, which is built only if the sources have changed. Other processes may be
 * running the same file.
 */
export function programBundle(): string {
  if (!isBuilt) buildIfChanged();
  isBuilt = true;
  return BUNDLE;
}

/** The file itself says what it was built from, so that both are always replaced together. */
function buildIfChanged(): void {
  const mark = `// Built from ${hashOfSources()}\n`;
  if (existsSync(BUNDLE) && readFileSync(BUNDLE, 'utf8').endsWith(mark)) return;
  mkdirSync(FOLDER, { recursive: true });
  const temporary = mkdtempSync(join(FOLDER, 'build-'));
  const script = packageJson.scripts.build.replaceAll('dist/', `${temporary}/`);
  const PATH = `${resolve('node_modules/.bin')}:${process.env.PATH}`;
  execFileSync('sh', ['-c', script], { env: { ...process.env, PATH }, stdio: 'pipe' });
  appendFileSync(join(temporary, 'scim-operator.js'), mark);
  for (const name of readdirSync(temporary)) renameSync(join(temporary, name), join(FOLDER, name));
  rmSync(temporary, { recursive: true });
}

/** The lock file stands for the packages. */
function hashOfSources(): string {
  const files = globSync('src/**').filter((path) => statSync(path).isFile());
  const hash = createHash('sha256');
  for (const path of ['package.json', 'package-lock.json', ...files.sort()])
    hash.update(`${path}\n`).update(readFileSync(path));
  return hash.digest('hex');
}
