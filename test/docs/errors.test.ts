/** The details of errors that the documentation quotes are those of the program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

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

describe('the reference of the errors', () => {
  it('quotes details', () => {
    expect(quoted.length).toBeGreaterThan(30);
  });

  it.each(quoted)('quotes "%s" as the program says it', (detail) => {
    const parts = detail.split('…').map((part) => part.trim());
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });
});
