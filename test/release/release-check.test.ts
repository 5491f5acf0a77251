/** `make release-check` on small repositories. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineOf } from '../../hack/release/outcome.ts';
import { checkGenerated, checkTag, checkTree } from '../../hack/release/tree.ts';
import { checkChangelog, checkImages, checkVersion } from '../../hack/release/version.ts';

const CHART = 'charts/scim-operator/Chart.yaml';
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scim-operator-release-'));
  const version = '0.1.0';
  write('package.json', JSON.stringify({ version }));
  write('package-lock.json', JSON.stringify({ version, packages: { '': { version } } }));
  write(CHART, `version: "${version}"\nappVersion: "${version}"\n`);
  write(
    'CHANGELOG.md',
    '# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-12-01\n\n- An operator.\n',
  );
  write('.gitignore', 'dist/\n');
  git('init', '--quiet');
  commit();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function git(...args: readonly string[]): void {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  execFileSync('git', [...identity, ...args], { cwd: root, stdio: 'ignore' });
}

function commit(): void {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message=test', '--no-verify', '--no-gpg-sign');
}

describe('the version', () => {
  it('is the same everywhere', () => {
    expect(lineOf(checkVersion(root))).toBe(
      'ok      version: 0.1.0 in package.json, package-lock.json, the chart and the documents',
    );
  });

  it('can be a pre-release', () => {
    const version = '1.0.0-rc.1';
    write('package.json', JSON.stringify({ version }));
    write('package-lock.json', JSON.stringify({ version, packages: { '': { version } } }));
    write(CHART, `version: ${version}\nappVersion: ${version}\n`);
    expect(checkVersion(root).faults).toEqual([]);
  });

  it.each(['0.0.0', '1.0', 'v1.0.0'])('is refused if it is %s', (version) => {
    write('package.json', JSON.stringify({ version }));
    expect(checkVersion(root).faults[0]).toContain(
      `package.json has the version ${version}, which can't be released; run npm version`,
    );
  });

  it('is refused if package-lock.json or the chart has another one', () => {
    const [version, old] = ['0.1.0', '0.0.9'];
    write('package-lock.json', JSON.stringify({ version, packages: { '': { version: old } } }));
    write(CHART, `version: "${version}"\nappVersion: "${old}"\n`);
    expect(checkVersion(root).faults).toEqual([
      'package-lock.json has the version 0.0.9; run npm install --package-lock-only',
      `${CHART} has the appVersion 0.0.9; run make generate`,
    ]);
  });

  it('is refused if a document names another one', () => {
    write('SECURITY.md', 'Verify ghcr.io/scim-operator/scim-operator:0.1.0.\n');
    write('docs/guides/install.md', '`--set image.tag=0.0.9`, `registry/scim-operator:0.0.9`\n');
    write('examples/gitops/flux.yaml', 'ref:\n  tag: v0.1.0-rc.1\n');
    expect(checkVersion(root).faults).toEqual([
      'docs/guides/install.md names the version 0.0.9; write 0.1.0',
      'examples/gitops/flux.yaml names the version 0.1.0-rc.1; write 0.1.0',
    ]);
  });
});

describe('the changelog', () => {
  it('has a section of the version', () => {
    expect(lineOf(checkChangelog(root))).toBe('ok      changelog: 0.1.0 - 2026-12-01');
  });

  it.each([
    [
      'has no section',
      '## Unreleased\n- x\n',
      'CHANGELOG.md has no section "## 0.1.0 - YYYY-MM-DD"',
    ],
    ['has one of a longer version', '## 0.1.00 - 2026-12-01\n- x\n', 'has no section'],
    ['has no date', '## 0.1.0\n- x\n', 'CHANGELOG.md has "## 0.1.0" without a date'],
    ['lists nothing', '## 0.1.0 - 2026-12-01\n\n## 0.0.9\n- x\n', 'lists no change'],
  ])('is refused if it %s', (_title, content, message) => {
    write('CHANGELOG.md', content);
    expect(checkChangelog(root).faults).toEqual([expect.stringContaining(message)]);
  });
});

describe('the working tree', () => {
  it('is clean', () => {
    expect(lineOf(checkTree(root))).toMatch(/^ok {6}tree: clean at [0-9a-f]{7,}$/);
  });

  it('is refused with changes, of which the first three are named', () => {
    for (const name of ['a', 'b', 'c', 'd']) write(name, '');
    expect(lineOf(checkTree(root))).toBe(
      'failed  tree: not committed: a, b, c and 1 more; commit or remove it',
    );
  });
});

describe('the generated files', () => {
  it('are current, even if something else is not committed', () => {
    write('a', '');
    expect(
      checkGenerated(root, () => write(CHART, 'version: "0.1.0"\nappVersion: "0.1.0"\n')),
    ).toEqual({ name: 'generated files', found: 'current', faults: [] });
  });

  it('are refused if the generator changes one', () => {
    expect(checkGenerated(root, () => write(CHART, 'version: "0.2.0"\n')).faults).toEqual([
      `make generate has changed ${CHART}; commit what it wrote`,
    ]);
  });
});

describe('the tag', () => {
  it('is free, or that of this commit', () => {
    expect(lineOf(checkTag(root, '0.1.0'))).toBe('ok      tag: v0.1.0 is free');
    git('tag', '--annotate', '--message=0.1.0', 'v0.1.0');
    expect(lineOf(checkTag(root, '0.1.0'))).toBe('ok      tag: v0.1.0 is here');
  });

  it('is refused if another commit has it', () => {
    git('tag', 'v0.1.0');
    commit();
    expect(checkTag(root, '0.1.0').faults).toEqual([
      'v0.1.0 is the tag of another commit; choose the next version',
    ]);
  });

  it('is refused if it is that of another version', () => {
    git('tag', 'v0.2.0');
    expect(checkTag(root, '0.1.0').faults).toEqual([
      'the commit has the tag v0.2.0, but package.json has 0.1.0; delete the tag',
    ]);
  });
});

describe('the images', () => {
  it('need not be built', () => {
    expect(lineOf(checkImages(root))).toBe('ok      images: none is built');
  });

  it.each([
    ['0.1.0', []],
    [
      '0.0.9',
      [
        'the image in dist/scim-operator-0.1.0.tar has the version 0.0.9; ' +
          'build it again with make image-archive',
      ],
    ],
  ])('labelled %s are compared with the version', (label, faults) => {
    archive('dist/scim-operator-0.1.0.tar', label);
    expect(checkImages(root).faults).toEqual(faults);
  });
});

/** An OCI archive with an empty layer. */
function archive(path: string, label: string): void {
  const config = { config: { Labels: { 'org.opencontainers.image.version': label } } };
  const descriptor = (name: string) => ({ digest: `sha256:${name}` });
  const blobs = {
    manifest: { config: descriptor('config'), layers: [descriptor('layer')] },
    config,
    layer: '',
  };
  for (const [name, content] of Object.entries(blobs)) {
    write(`layout/blobs/sha256/${name}`, JSON.stringify(content));
  }
  write('layout/index.json', JSON.stringify({ manifests: [descriptor('manifest')] }));
  mkdirSync(dirname(join(root, path)), { recursive: true });
  execFileSync('tar', ['-cf', join(root, path), '-C', join(root, 'layout'), 'index.json', 'blobs']);
}
