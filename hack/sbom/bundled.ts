/** The npm packages that an image of the sources as they are now would contain. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metafile, type NpmPackage, packagesIn } from './packages.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Bundles the program to find out, into a temporary folder. */
export function bundledPackages(): readonly NpmPackage[] {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-bundle-'));
  try {
    const metafile = join(folder, 'meta.json');
    const outputs = [`--outdir=${folder}`, `--metafile=${metafile}`];
    execFileSync('npm', ['run', '--silent', 'build', '--', '--log-level=error', ...outputs], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return packagesIn(JSON.parse(readFileSync(metafile, 'utf8')) as Metafile, ROOT);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
