/** Writes what the image contains, and under which licences, into the image itself. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfMaterials, type Contents } from './cyclonedx.ts';
import { licenceFaults, thirdPartyLicences } from './licences.ts';
import { type Metafile, packagesIn } from './packages.ts';
import { debianPackages, distribution, partsOfNode, sqliteVersion } from './system.ts';

/** Their names below /app. */
export const BILL_OF_MATERIALS = 'sbom.cdx.json';
export const THIRD_PARTY_LICENCES = 'THIRD_PARTY_LICENSES';

export interface Image {
  /** The root of the base image, unpacked. */
  readonly runtime: string;
  readonly architecture: string;
  /** The folder that becomes /app. */
  readonly app: string;
}

/**
 * Runs in the folder of the sources, after `npm run build`. Throws if a licence doesn't permit
 * shipping the image.
 */
export function writeContents({ runtime, architecture, app }: Image): void {
  const version = process.versions.node;
  if (!readFileSync(join(runtime, 'usr/local/bin/node')).includes(`v${version}`)) {
    throw new Error(`the two base images differ: the build has Node.js ${version}`);
  }
  const read = (path: string) => readFileSync(path, 'utf8');
  const osRelease = join(runtime, 'etc/os-release');
  const contents = {
    program: JSON.parse(read('package.json')) as Contents['program'],
    architecture,
    packages: packagesIn(JSON.parse(read('dist/scim-operator.meta.json')) as Metafile, '.'),
    node: {
      version,
      parts: partsOfNode(),
      licenceText: read(join(runtime, 'usr/local/LICENSE')),
    },
    sqliteVersion: sqliteVersion('.'),
    debian: debianPackages(read(join(runtime, 'var/lib/dpkg/status'))),
    distribution: existsSync(osRelease) ? distribution(read(osRelease)) : undefined,
  };
  const faults = licenceFaults(contents.packages);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const bill = JSON.stringify(billOfMaterials(contents), null, 2);
  writeFileSync(join(app, BILL_OF_MATERIALS), `${bill}\n`);
  writeFileSync(join(app, THIRD_PARTY_LICENCES), thirdPartyLicences(contents));
}
