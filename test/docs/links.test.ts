/** Every link in the documentation that stays within the repository leads somewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, PAGES, type Page, proseOf } from '../support/docs/pages.ts';

const LINK = /\[[^\]]*\]\(([^()\s]*)\)/g;
const EXTERNAL = /^[a-z]+:/;
/** What a page of `docs/` is reached from. */
const ENTRANCES = ['README.md', 'docs/README.md'];

function targetsOf(page: Page): readonly string[] {
  const links = [...proseOf(page).matchAll(LINK)].map(([, target = '']) => target);
  return links.filter((target) => !EXTERNAL.test(target));
}

/** Undefined if the link leads somewhere. */
function faultOf(page: Page, target: string): string | undefined {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
  if (path.startsWith('..')) return `${target}: outside the repository`;
  if (!existsSync(path)) return `${target}: no such file`;
  if (anchor === undefined) return undefined;
  const anchors = anchorsOf({ path, text: readFileSync(path, 'utf8') });
  return anchors.has(anchor) ? undefined : `${target}: no such heading`;
}

describe('the links of the documentation', () => {
  it.each(PAGES.map((page) => [page.path, page] as const))('of %s lead somewhere', (_, page) => {
    const faults = targetsOf(page).map((target) => faultOf(page, target));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('reach every page of docs/ from its index or from the README', () => {
    const linked = PAGES.filter(({ path }) => ENTRANCES.includes(path)).flatMap((page) =>
      targetsOf(page).map((target) =>
        normalize(join(dirname(page.path), target.split('#')[0] ?? '')),
      ),
    );
    const lost = PAGES.map(({ path }) => path).filter(
      (path) =>
        path.startsWith('docs/') &&
        !ENTRANCES.includes(path) &&
        !linked.some((target) => path === target || path.startsWith(`${target}/`)),
    );
    expect(lost).toEqual([]);
  });
});

describe('a heading', () => {
  it.each([
    ['With `--group-bindings`', 'with---group-bindings'],
    ['Who gets [the role](x.md)?', 'who-gets-the-role'],
  ])('%s has the anchor that GitHub gives it', (heading, anchor) => {
    expect([...anchorsOf({ path: '', text: `# ${heading}\n` })]).toEqual([anchor]);
  });

  it('that occurs twice has two anchors', () => {
    const text = '## Why\n\n## Why\n';
    expect([...anchorsOf({ path: '', text })]).toEqual(['why', 'why-1']);
  });
});
