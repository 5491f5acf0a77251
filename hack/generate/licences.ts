/** Generates the table in docs/reference/licences.md. It has no versions, which change too often. */
import { bundledPackages } from '../sbom/bundled.ts';
import { DEBIAN_LICENCES } from '../sbom/system.ts';
import { fillIn } from './tables.ts';

/** Replaces the table in the document. */
export function fillInLicences(document: string): string {
  const rows = [
    ['Node.js', 'MIT', 'its LICENSE lists those of its parts'],
    ['SQLite', 'blessing', 'public domain, within better-sqlite3'],
    ...Object.entries(DEBIAN_LICENCES).map(([name, licence]) => [
      name,
      licence,
      'a shared library of Debian, unchanged',
    ]),
    ...bundledPackages().map(({ name, licence }) => [name, licence, 'npm package']),
  ];
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |`);
  const table = ['| software | licence (SPDX) | remark |', '|---|---|---|', ...lines].join('\n');
  return fillIn(document, 'licences', table);
}
