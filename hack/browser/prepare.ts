/** Installs Chromium for the tests if it is missing and the machine is a Debian with root. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromiumPath } from './find.ts';

const isFound = (): boolean => {
  try {
    chromiumPath(process.env, existsSync);
    return true;
  } catch {
    return false;
  }
};

const run = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

if (!isFound() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
  console.error('Installing Chromium, in which the pages of the console are tested');
  const install = ['install', '--yes', '--no-install-recommends', 'chromium'];
  if (!run('apt-get', install)) {
    run('apt-get', ['update']);
    run('apt-get', install);
  }
}
// The tests of the browser would fail one by one.
try {
  chromiumPath(process.env, existsSync);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
