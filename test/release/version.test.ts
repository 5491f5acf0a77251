/** Everything that has a version takes it from package.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { printManifests } from '../../hack/manifests/manifests.ts';
import { checkChangelog, checkVersion } from '../../hack/release/version.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { readInvocation } from '../../src/config/invocation.ts';

const { version } = packageJson;
const root = join(import.meta.dirname, '../..');

it('is the same in the lock file, the chart and the documents', () => {
  expect(checkVersion(root).faults).toEqual([]);
});

it('has a section in the changelog', () => {
  expect(checkChangelog(root).faults).toEqual([]);
});

it('is printed by --version', () => {
  const text = `scim-operator ${version}\n`;
  expect(readInvocation(['--version'], {})).toEqual({ kind: 'version', text });
});

it('is the tag of every image in install.yaml, and its title', async () => {
  const manifests = await printManifests();
  const tags = [...manifests.matchAll(/ image: .*:(?<tag>[^":]+)" # CHANGE$/gm)];
  expect(manifests).toMatch(`# scim-operator ${version}\n`);
  expect(new Set(tags.map((each) => each.groups?.tag))).toEqual(new Set([version]));
});

it('is passed to the Dockerfile, which has none of its own', () => {
  expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toMatch(/^ARG VERSION=unknown$/m);
});
