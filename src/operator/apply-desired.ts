/**
 * Writes an object as it should be, unless others change it again and again; what the API server
 * answered is held against what was asked for.
 */
import { REASON } from '../crd/reasons.ts';
import { contains } from '../kube/drift.ts';
import type { KubeObject, ResourceDefinition } from '../kube/resource.ts';
import type { OperatorContext } from './context.ts';
import type { Obstacle } from './obstacle.ts';
import { FIELD_MANAGER } from './ownership.ts';

/** `corrected` is what was there and is now as it should be. */
type Outcome = 'made' | 'corrected' | 'contended' | Obstacle;

/**
 * `owner` is whom the contention is counted for; `live` is the object as it was read, undefined
 * where there is none. An obstacle means that it doesn't do its work as it is: more than its
 * metadata is somebody else's.
 */
export async function applyDesired<T extends KubeObject>(
  { client, contentions, unlabelled }: OperatorContext,
  owner: string,
  resource: ResourceDefinition,
  live: T | undefined,
  desired: T,
): Promise<Outcome> {
  const { name } = desired.metadata;
  const postponed = contentions.postponed(owner, resource, name);
  if (postponed !== undefined) return contended(postponed, live, desired);
  const written = await client.apply(resource, desired, FIELD_MANAGER);
  unlabelled.note(resource, written);
  const lost = contentions.note(owner, { resource, before: live, desired, written });
  if (lost !== undefined) return contended(lost, written, desired);
  return live === undefined ? 'made' : 'corrected';
}

function contended<T extends KubeObject>(
  message: string,
  actual: T | undefined,
  { metadata: _, ...desired }: T,
): Outcome {
  return contains(actual, desired) ? 'contended' : { reason: REASON.ChangedByOthers, message };
}
