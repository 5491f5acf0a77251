/** The bill of materials and the licences of what would be in an image of these sources. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { bundledPackages } from '../../hack/sbom/bundled.ts';
import { billOfMaterials } from '../../hack/sbom/cyclonedx.ts';
import { licenceFaults, thirdPartyLicences } from '../../hack/sbom/licences.ts';
import { packagesIn } from '../../hack/sbom/packages.ts';
import {
  debianPackages,
  distribution,
  partsOfNode,
  sqliteVersion,
} from '../../hack/sbom/system.ts';
import program from '../../package.json' with { type: 'json' };

const STATUS = `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u14
Description: GNU C Library: Shared libraries
 Contains the standard libraries.

Package: libgcc-s1
Source: gcc-12
Version: 12.2.0-14+deb12u1
Architecture: amd64

Package: libstdc++6
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+b1
Architecture: amd64
`;

const packages = bundledPackages();
const contents = {
  program,
  architecture: 'amd64',
  packages,
  node: { version: '24.21.0', parts: partsOfNode(), licenceText: 'Copyright Node.js' },
  sqliteVersion: sqliteVersion('.'),
  debian: debianPackages(STATUS),
  distribution: distribution('NAME="Debian"\nVERSION_ID="12"\nID=debian\n'),
};
const bill = billOfMaterials(contents);

describe('the bill of materials', () => {
  it('follows the JSON schema of CycloneDX 1.6', () => {
    const validate = cycloneDx();
    expect(validate(JSON.parse(JSON.stringify(bill))), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...bill, components: [{ type: 'library' }] })).toBe(false);
  });

  it('lists what is in the program, and nothing that is only installed', () => {
    const names = bill.components.map(({ name }) => name);
    for (const each of ['hono', 'pg', 'zod', 'better-sqlite3', 'undici', 'node', 'libc6']) {
      expect(names).toContain(each);
    }
    for (const each of ['vitest', 'esbuild', 'fast-check', '@types/node']) {
      expect(names).not.toContain(each);
    }
  });

  it('has the version of SQLite that better-sqlite3 contains', () => {
    const database = new Database(':memory:');
    const version = database.prepare('SELECT sqlite_version()').pluck().get();
    database.close();
    const found = bill.components.find(({ name }) => name === 'better-sqlite3')?.components;
    expect(found?.map(({ purl }) => purl)).toEqual([`pkg:generic/sqlite@${version}`]);
  });

  it("has the versions of Debian's packages", () => {
    const purls = bill.components.map(({ purl }) => purl);
    expect(purls).toContain('pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12');
    expect(purls).toContain(
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bb1?arch=amd64&distro=debian-12',
    );
  });

  it('connects components that it lists', () => {
    const refs = bill.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    const named = bill.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
    const unknown = named.filter((ref) => ref !== program.name && !refs.includes(ref));
    expect(unknown).toEqual([]);
    const own = bill.dependencies.find(({ ref }) => ref === program.name);
    expect(own?.dependsOn).toContain(`pkg:npm/pg@${program.dependencies.pg}`);
    const client = bill.dependencies.find(({ ref }) => ref.includes('%40kubernetes/client-node'));
    expect(client?.dependsOn.some((ref) => ref.startsWith('pkg:npm/js-yaml@'))).toBe(true);
  });

  it('has neither a time nor a serial number, which would differ between equal images', () => {
    expect(Object.keys(bill)).not.toContain('serialNumber');
    expect(Object.keys(bill.metadata)).toEqual(['component']);
  });

  it('needs the version of each library', () => {
    expect(() => debianPackages('Package: libc6\nVersion: 2.36-9\n')).toThrow(
      'the base image has no version of the Debian package libgcc-s1',
    );
  });
});

describe('the packages in the program', () => {
  it('exclude those of which esbuild kept nothing', () => {
    const inputs = {
      'node_modules/zod/index.js': { bytesInOutput: 10 },
      'node_modules/pino/pino.js': { bytesInOutput: 0 },
      'src/cli.ts': { bytesInOutput: 10 },
    };
    const found = packagesIn({ outputs: { 'dist/scim-operator.js': { inputs } } }, '.');
    expect(found.map(({ name }) => name)).toEqual(['better-sqlite3', 'zod']);
  });
});

describe('the licences', () => {
  it('of all packages are allowed, and their texts are there', () => {
    expect(licenceFaults(packages)).toEqual([]);
  });

  it.each([
    ['a licence that is not allowed', 'AGPL-3.0-only', 'text', 'zod has the licence AGPL-3.0-only'],
    ['no licence', '', 'text', 'zod declares no licence'],
    ['no text', 'MIT', undefined, 'zod contains no text of its licence MIT'],
  ])('are refused for a package with %s', (_title, licence, licenceText, message) => {
    const zod = packages.filter(({ name }) => name === 'zod');
    const [fault] = licenceFaults(zod.map((each) => ({ ...each, licence, licenceText })));
    expect(fault).toContain(message);
  });

  it('are shipped with their texts, a section for each component', () => {
    const text = thirdPartyLicences(contents);
    for (const { name, version } of bill.components) {
      expect(text.toLowerCase()).toContain(
        name === 'node' ? 'node.js 24.21.0' : `${name} ${version}`,
      );
    }
    expect(text).toContain('Copyright Node.js');
    expect(text).toContain('Copyright (c) 2014 Brian M. Carlson');
    expect(text).toContain('https://snapshot.debian.org/package/gcc-12/12.2.0-14/');
  });
});

/** The schema refers to two others. What it says about formats is not checked. */
function cycloneDx() {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const folder = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
  const schema = (name: string): object =>
    JSON.parse(readFileSync(`${folder}/${name}.SNAPSHOT.schema.json`, 'utf8'));
  const base = 'http://cyclonedx.org/schema';
  for (const name of ['spdx', 'jsf-0.82']) {
    ajv.addSchema({ ...schema(name), $id: `${base}/${name}.SNAPSHOT.schema.json` });
  }
  return ajv.compile(schema('bom-1.6'));
}
