/** Which licences the image may contain, and the texts that it has to contain. */
import type { NpmPackage } from './packages.ts';
import { DEBIAN_LICENCES, type DebianPackage } from './system.ts';

/** They allow distribution in one file with code under the Apache License 2.0. */
export const ALLOWED_LICENCES: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
];

/** The image contains this one as /app/LICENSE. */
const OWN_LICENCE = 'Apache-2.0';

/** Returns a sentence for each package that may not be shipped as it is. */
export function licenceFaults(packages: readonly NpmPackage[]): readonly string[] {
  return packages.flatMap(({ name, licence, licenceText }) => {
    if (!ALLOWED_LICENCES.includes(licence)) {
      const found = licence === '' ? 'declares no licence' : `has the licence ${licence}`;
      return [
        `${name} ${found}, which hack/sbom/licences.ts doesn't allow; replace it, or allow it there`,
      ];
    }
    if (licenceText === undefined && licence !== OWN_LICENCE) {
      return [`${name} contains no text of its licence ${licence}; replace it`];
    }
    return [];
  });
}

export interface ThirdParty {
  readonly packages: readonly NpmPackage[];
  readonly node: { readonly version: string; readonly licenceText: string };
  readonly sqliteVersion: string;
  readonly debian: readonly DebianPackage[];
}

/** Returns the content of THIRD_PARTY_LICENSES. */
export function thirdPartyLicences({ packages, node, sqliteVersion, debian }: ThirdParty): string {
  const sections = [
    section(`Node.js ${node.version}`, node.licenceText),
    section(`SQLite ${sqliteVersion}, within better-sqlite3`, 'SQLite is in the public domain.'),
    ...debian.map((each) =>
      section(
        `${each.name} ${each.version} of Debian, ${DEBIAN_LICENCES[each.name]}`,
        source(each),
      ),
    ),
    ...packages.map(({ name, version, licence, licenceText }) =>
      section(`${name} ${version}, ${licence}`, licenceText ?? 'The text is that of /app/LICENSE.'),
    ),
  ];
  return `${['This image contains the following software.', ...sections].join('\n\n')}\n`;
}

const RULE = '='.repeat(80);
const section = (title: string, text: string) => `${RULE}\n${title}\n${RULE}\n\n${text.trim()}`;

const source = ({ name, source, sourceVersion }: DebianPackage) =>
  [
    `The licence is in /usr/share/doc/${name}/copyright, and its text in`,
    '/usr/share/common-licenses. The library is unchanged, and its source is at',
    `https://snapshot.debian.org/package/${source}/${sourceVersion}/`,
  ].join('\n');
