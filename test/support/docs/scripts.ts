/** The shell scripts that the commands of a page make. */
import { blocksOf, PAGES, type Page } from './pages.ts';
import { type Excuse, NOT_RUN, PREPARATIONS, type Preparation } from './runs.ts';

const SHELLS = new Set(['sh', 'bash', 'shell', 'console']);

/** The chart's page is the last, because its commands delete the CRDs. */
const DOCUMENTATION = [/^README.md$/, /^docs\//, /^charts\//].flatMap((part) =>
  PAGES.filter(({ path }) => part.test(path)),
);

export interface Script {
  readonly page: string;
  readonly text: string;
}

/** Those of the README, of docs/ and of the chart, in the order of the pages. */
export function scripts(): readonly Script[] {
  return DOCUMENTATION.map((page) => ({ page: page.path, text: scriptOf(page) })).filter(
    ({ text }) => text !== '',
  );
}

/** What the tables in runs.ts say about commands that no page has. */
export function unusedEntries(): readonly string[] {
  return [NOT_RUN, PREPARATIONS].flatMap((table) =>
    Object.entries(table).flatMap(([path, entries]) => {
      const page = DOCUMENTATION.find((each) => each.path === path);
      const lines = page === undefined ? [] : shellOf(page).flatMap((block) => block.split('\n'));
      return Object.keys(entries)
        .filter((start) => !lines.some((line) => line.startsWith(start)))
        .map((start) => `${path}: ${start}`);
    }),
  );
}

export function excuses(): readonly Excuse[] {
  return Object.values(NOT_RUN).flatMap((entries) => Object.values(entries));
}

/** The blocks of shell of a page, in order. */
export function shellBlocks(path: string): readonly string[] {
  return DOCUMENTATION.filter((page) => page.path === path).flatMap(shellOf);
}

function scriptOf(page: Page): string {
  const blocks = shellOf(page).map((block) => withoutExcused(page.path, block));
  return blocks
    .filter((block) => block.trim() !== '')
    .map((block) => prepared(page.path, block))
    .join('\n');
}

/** The blocks without their indentation, and without what a command prints. */
function shellOf(page: Page): readonly string[] {
  return blocksOf(page)
    .filter(({ language }) => SHELLS.has(language))
    .map(({ language, code }) => {
      const indent = code.search(/\S/);
      const lines = code.split('\n').map((line) => line.slice(indent));
      if (language !== 'console') return lines.join('\n');
      const typed = lines.filter((line) => line.startsWith('$ '));
      return typed.map((line) => line.slice(2)).join('\n');
    });
}

function withoutExcused(page: string, block: string): string {
  const starts = Object.keys(NOT_RUN[page] ?? {});
  return block
    .replaceAll('\\\n', '\\\r')
    .split('\n')
    .filter((line) => !starts.some((start) => line.startsWith(start)))
    .join('\n')
    .replaceAll('\\\r', '\\\n');
}

function prepared(page: string, block: string): string {
  const entries = Object.entries(PREPARATIONS[page] ?? {});
  const [, preparation = {}] = entries.find(([start]) => block.startsWith(start)) ?? [];
  const { before = '', replace = {} }: Preparation = preparation;
  const replaced = Object.entries(replace).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${page} doesn't contain ${from} in: ${text}`);
    return text.replaceAll(from, to);
  }, block);
  return `${before}\n${replaced}`;
}
