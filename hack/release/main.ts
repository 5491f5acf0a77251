/** `make release-check`: checks that a release can be made of the sources as they are. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bundledPackages } from '../sbom/bundled.ts';
import { licenceFaults } from '../sbom/licences.ts';
import { lineOf, type Outcome } from './outcome.ts';
import { checkGenerated, checkTag, checkTree } from './tree.ts';
import { checkChangelog, checkImages, checkVersion, versionIn } from './version.ts';

const root = join(import.meta.dirname, '../..');

function checkLicences(): Outcome {
  const packages = bundledPackages();
  const found = `${packages.length} npm packages, each with an allowed licence and its text`;
  return { name: 'licences', found, faults: licenceFaults(packages) };
}

const generate = () =>
  execFileSync('make', ['--no-print-directory', 'generate'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });

const checks: readonly (() => Outcome)[] = [
  () => checkVersion(root),
  () => checkChangelog(root),
  () => checkTag(root, versionIn(root)),
  () => checkTree(root),
  () => checkGenerated(root, generate),
  checkLicences,
  () => checkImages(root),
];
for (const check of checks) {
  const outcome = check();
  console.log(lineOf(outcome));
  if (outcome.faults.length > 0) process.exitCode = 1;
}
