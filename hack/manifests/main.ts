/** `make manifests`: writes dist/install.yaml. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printManifests } from './manifests.ts';

const folder = join(import.meta.dirname, '..', '..', 'dist');
mkdirSync(folder, { recursive: true });
const path = join(folder, 'install.yaml');
writeFileSync(path, await printManifests());
process.stdout.write(`${path}\n`);
