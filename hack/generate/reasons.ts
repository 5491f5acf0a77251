/** Generates the tables of conditions, reasons and events from src/crd/reasons.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONDITION, EVENT, REASON } from '../../src/crd/reasons.ts';
import { cell, fillIn } from './tables.ts';

const root = join(import.meta.dirname, '..', '..');
const source = readFileSync(join(root, 'src', 'crd', 'reasons.ts'), 'utf8');
const KINDS = ['ScimIntegration', 'ScimTenant', 'ScimGroupBinding'].map((kind) => {
  const file = `${kind.toLowerCase()}.md`;
  return { kind, file, page: readFileSync(join(root, 'docs', 'reference', file), 'utf8') };
});

/** Replaces the tables in the document. */
export function fillInReasons(document: string): string {
  return Object.entries({ CONDITION, REASON, EVENT }).reduce(
    (text, [constant, names]) =>
      fillIn(text, constant.toLowerCase(), tableOf(constant, Object.values(names))),
    document,
  );
}

function tableOf(constant: string, names: readonly string[]): string {
  const rows = names.map((name) => {
    const on = KINDS.filter(({ page }) => new RegExp(`\\b${name}\\b`).test(page));
    const links = on.map(({ kind, file }) => `[${kind}](${file})`).join(', ');
    return `| \`${name}\` | ${cell(descriptionOf(constant, name))} | ${links} |`;
  });
  return [`| ${constant.toLowerCase()} | meaning | details |`, '|---|---|---|', ...rows].join('\n');
}

/** The comment on the name. Throws if it has none. */
function descriptionOf(constant: string, name: string): string {
  const [, object = ''] = source.split(`export const ${constant} = {`);
  const [before = ''] = object.split(`\n  ${name}: '`);
  const [, comment = ''] = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/$/.exec(before) ?? [];
  const description = comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
  if (description === '') throw new Error(`${constant}.${name} has no comment`);
  return description;
}
