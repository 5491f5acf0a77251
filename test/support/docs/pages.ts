/** The Markdown pages of the repository, and what tests want to know about them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly language: string;
  readonly code: string;
}

const ROOT_PAGES = readdirSync('.').filter((name) => name.endsWith('.md'));
const FOLDERS = ['docs', 'examples', 'charts', 'test'];
const FENCE = /^( *)(`{3,})(\w*)\n([\s\S]*?)^\1\2$/gm;

export const PAGES: readonly Page[] = [...ROOT_PAGES, ...FOLDERS.flatMap(pagesBelow)].map(
  (path) => ({ path, text: readFileSync(path, 'utf8') }),
);

/** A folder that doesn't exist has no pages. */
function pagesBelow(folder: string): readonly string[] {
  const entries = readdirSync('.').includes(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
    : [];
  return entries.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}

/** The fenced blocks of code. */
export function blocksOf({ text }: Page): readonly Block[] {
  return [...text.matchAll(FENCE)].map(([, , , language = '', code = '']) => ({ language, code }));
}

/** The text without blocks and spans of code, in which nothing is a link. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(FENCE, '').replaceAll(/`[^`\n]+`/g, 'code');
}

/** The anchors that GitHub gives the headings. */
export function anchorsOf({ text }: Page): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(FENCE, '').matchAll(/^#{1,6} +(.+)$/gm)) {
    const base = slug(heading);
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

const slug = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .trim()
    .replaceAll(' ', '-');
