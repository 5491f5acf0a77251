/** The details of errors that the documentation quotes are those of the program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { taken } from '../../src/directory/sql/resource-key.ts';
import { PAGES } from '../support/docs/pages.ts';

const FOLDERS = ['src/scim', 'src/scim-server', 'src/http', 'src/directory'];
const page = readFileSync('docs/reference/errors.md', 'utf8');

/** The source, with strings that continue on the next line joined. */
const source = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8')),
)
  .join('\n')
  .replaceAll(/['"`] \+\n\s*['"`]/g, '');

/** The code in the second column of every table. */
const quoted = page
  .split('\n')
  .filter((line) => /^\| (?:\d|`)/.test(line))
  .flatMap((line) => [...(line.split(' | ')[1] ?? '').matchAll(/`([^`]+)`/g)])
  .map(([, detail = '']) => detail);

/** Details as a client gets them: in examples, in the text, and in tables beside a status. */
const complete = new Set(
  PAGES.flatMap(({ text }) =>
    [
      ...text.matchAll(/"detail": "([^"]+)"/g),
      ...text.matchAll(/the detail\s+`([^`]+)`/g),
      ...[...text.matchAll(/^\| \d{3}, (`[^|]+) \|/gm)].flatMap(([, cell = '']) => [
        ...cell.matchAll(/`([^`]+)`/g),
      ]),
    ].map(([, detail = '']) => detail.replaceAll(/\s+/g, ' ')),
  ),
);
/** Details that the source has only in parts. */
const composed = [taken('User'), taken('Group')].map(({ message }) => message);

describe('the reference of the errors', () => {
  it('quotes details', () => {
    expect(quoted.length).toBeGreaterThan(30);
  });

  it.each(quoted)('quotes "%s" as the program says it', (detail) => {
    const parts = detail.split('…').map((part) => part.trim());
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });
});

describe('the documentation', () => {
  it('quotes complete details', () => {
    expect(complete.size).toBeGreaterThan(4);
  });

  it.each([...complete])('quotes "%s" as a client gets it', (detail) => {
    const isSaid = composed.includes(detail) || source.includes(`'${detail}'`);
    expect(isSaid).toBe(true);
  });
});
