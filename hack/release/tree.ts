/** A release is built from a commit, so nothing may be only in the working tree. */
import { execFileSync } from 'node:child_process';
import type { Outcome } from './outcome.ts';

const MOST_NAMES = 3;

export function checkTree(root: string): Outcome {
  const changed = git(root, 'status', '--porcelain').map((line) => line.slice(3));
  return {
    name: 'tree',
    found: `clean at ${git(root, 'rev-parse', '--short', 'HEAD')[0]}`,
    faults: changed.length === 0 ? [] : [`not committed: ${some(changed)}; commit or remove it`],
  };
}

/** `generate` writes the generated files. What it changes stays in the tree. */
export function checkGenerated(root: string, generate: () => void): Outcome {
  const before = snapshot(root);
  generate();
  const stale = [...snapshot(root)].filter(([path, hash]) => before.get(path) !== hash);
  const names = stale.map(([path]) => path);
  return {
    name: 'generated files',
    found: 'current',
    faults:
      names.length === 0 ? [] : [`make generate has changed ${some(names)}; commit what it wrote`],
  };
}

/** The tag of a version stays where it is once it has been published. */
export function checkTag(root: string, version: string): Outcome {
  const tag = `v${version}`;
  const others = git(root, 'tag', '--points-at', 'HEAD', '--list', 'v[0-9]*').filter(
    (each) => each !== tag,
  );
  const faults = others.map(
    (other) => `the commit has the tag ${other}, but package.json has ${version}; delete the tag`,
  );
  const [tagged] = git(root, 'rev-list', '-n1', '--ignore-missing', `refs/tags/${tag}`);
  const [head] = git(root, 'rev-parse', 'HEAD');
  if (tagged !== undefined && tagged !== head) {
    faults.push(`${tag} is the tag of another commit; choose the next version`);
  }
  return { name: 'tag', found: tagged === undefined ? `${tag} is free` : `${tag} is here`, faults };
}

/** Changed and new files with a hash of their content. */
function snapshot(root: string): ReadonlyMap<string, string> {
  const paths = git(root, 'ls-files', '--modified', '--others', '--exclude-standard');
  const existing = paths.filter((path) => !git(root, 'ls-files', '--deleted').includes(path));
  const hashes = existing.length === 0 ? [] : git(root, 'hash-object', '--', ...existing);
  return new Map(existing.map((path, index) => [path, hashes[index] ?? '']));
}

function some(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function git(root: string, ...args: readonly string[]): string[] {
  const output = execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}
