import type { PatchOperation } from '../../../src/scim/patch-operation.ts';
import { parsePatchInSteps } from '../../../src/scim/patch-parser.ts';
import type { ResourceType } from '../../../src/scim/schema.ts';

/** All steps at once. */
export function parsePatch(
  body: unknown,
  type: ResourceType,
  baseUrl = 'https://x.example',
): readonly PatchOperation[] {
  const steps = parsePatchInSteps(body, type, baseUrl);
  let next = steps.next();
  while (!next.done) next = steps.next();
  return next.value;
}
