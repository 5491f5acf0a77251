/** Writes crds/; run it with `make generate`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdFiles } from './manifest.ts';

const folder = join(import.meta.dirname, '..', '..', 'crds');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(crdFiles())) writeFileSync(join(folder, name), text);
