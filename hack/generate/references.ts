/** Writes the tables of docs/reference/ that don't come from CRDs. Run it with `make generate`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillInLicences } from './licences.ts';
import { fillInLimits } from './limits.ts';
import { allMetrics, fillInMetrics } from './metrics.ts';
import { fillInOptions } from './options.ts';
import { fillInPermissions } from './permissions.ts';
import { fillInReasons } from './reasons.ts';
import { fillInSignIn } from './sign-in.ts';
import { fillInRefusals } from './sign-in-refusals.ts';

function rewrite(page: string, fillIn: (document: string) => string): void {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'reference', page);
  writeFileSync(path, fillIn(readFileSync(path, 'utf8')));
}

const metrics = allMetrics();
rewrite('metrics.md', (document) => fillInMetrics(document, metrics));
rewrite('permissions.md', fillInPermissions);
rewrite('scim.md', fillInLimits);
rewrite('options.md', fillInOptions);
rewrite('conditions.md', fillInReasons);
rewrite('licences.md', fillInLicences);
rewrite('sign-in.md', (document) => fillInRefusals(fillInSignIn(document)));
