/** Writes crds/, policies/ and the field tables in docs/reference/. Run it with `make generate`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GROUP_BINDING_POLICY_FILE,
  printGroupBindingPolicy,
} from '../../src/crd/group-binding-policy.ts';
import { crdFiles } from '../../src/crd/manifest.ts';
import { ScimGroupBinding } from '../../src/crd/scim-group-binding.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { ScimTenant } from '../../src/crd/scim-tenant.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';
import { fieldTable, fillIn } from './tables.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'crds');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(crdFiles())) writeFileSync(join(folder, name), text);

const policies = join(root, 'policies');
mkdirSync(policies, { recursive: true });
writeFileSync(join(policies, GROUP_BINDING_POLICY_FILE), printGroupBindingPolicy());

for (const [file, resource] of Object.entries({
  'scimintegration.md': ScimIntegration,
  'scimtenant.md': ScimTenant,
  'scimgroupbinding.md': ScimGroupBinding,
})) {
  const reference = join(root, 'docs', 'reference', file);
  const schema = structuralSchema(resource);
  const filled = (['spec', 'status'] as const).reduce(
    (text, part) => fillIn(text, part, fieldTable(schema, part)),
    readFileSync(reference, 'utf8'),
  );
  writeFileSync(reference, filled);
}
