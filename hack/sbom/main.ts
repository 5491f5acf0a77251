/** `make sbom`: writes the bill of materials of each image archive in dist/ beside it. */
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { fileOf, readArchive } from '../image/archive.ts';
import { BILL_OF_MATERIALS } from './image.ts';

const archives = globSync(`dist/scim-operator-${packageJson.version}*.tar`).toSorted();
if (archives.length === 0) {
  console.error(`dist/ has no image of ${packageJson.version}; run make image-archive`);
  process.exitCode = 1;
}
for (const archive of archives) {
  const file = archive.replace(/\.tar$/, '.cdx.json');
  writeFileSync(file, fileOf(readArchive(archive), join('app', BILL_OF_MATERIALS)));
  console.log(`${file} lists the contents of ${archive}`);
}
