/** The program as it is released: a bundle, which starts with a quarter of the CPU time. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };

/** Below node_modules, so that the bundle finds the packages that are not part of it. */
const FOLDER = resolve('node_modules/.cache/program');

let isBuilt = false;

/** The path of the bundle, which each process builds once. Others may be running the same file. */
export function programBundle(): string {
  if (!isBuilt) build();
  isBuilt = true;
  return join(FOLDER, 'scim-operator.js');
}

function build(): void {
  mkdirSync(FOLDER, { recursive: true });
  const temporary = mkdtempSync(join(FOLDER, 'build-'));
  const script = packageJson.scripts.build.replaceAll('dist/', `${temporary}/`);
  const PATH = `${resolve('node_modules/.bin')}:${process.env.PATH}`;
  execFileSync('sh', ['-c', script], { env: { ...process.env, PATH }, stdio: 'pipe' });
  for (const name of readdirSync(temporary)) renameSync(join(temporary, name), join(FOLDER, name));
  rmSync(temporary, { recursive: true });
}
