/** The first line of the bundle, which a version of Node.js that is too old must understand. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const banner = /--banner:js="(?<code>[^"]+)"/.exec(packageJson.scripts.build)?.groups?.code ?? '';

/** Runs the banner on this Node.js, which claims to be the version. */
function start(version: string) {
  const claim = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`;
  const preload = `--import=data:text/javascript,${encodeURIComponent(claim)}`;
  const args = [preload, '--input-type=module', '--eval', `${banner} console.log('started')`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

it.each(['18.19.0', '20.20.2', '23.11.1'])('Node.js %s is refused in one line', (version) => {
  const stderr = `scim-operator needs Node.js 24 or newer; this is ${version}. In a checkout, run node_modules/.bin/node instead.\n`;
  expect(start(version)).toEqual({ status: 1, stdout: '', stderr });
});

it.each(['24.0.0', '26.1.0'])('Node.js %s is accepted', (version) => {
  expect(start(version)).toEqual({ status: 0, stdout: 'started\n', stderr: '' });
});
