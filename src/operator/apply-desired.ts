/**
 * Writes an object in its desired form, unless others keep changing it. The API server's response
 * is compared with the request, because admission may have changed it.
 */
import { REASON } from '../crd/reasons.ts';
import { contains } from '../kube/drift.ts';
import type { KubeObject, ResourceDefinition } from '../kube/resource.ts';
import type { OperatorContext } from './context.ts';
import type { Obstacle } from './obstacle.ts';
import { FIELD_MANAGER } from './ownership.ts';

/** `corrected`: the object existed and now has its desired form. */
type Outcome = 'made' | 'corrected' | 'contended' | Obstacle;

/**
 * Contention is counted per `owner`. `live` is the object as it was read, or undefined if it
 * doesn't exist. Returns an obstacle if others changed more than the metadata, so that the object
 * doesn't do its job.
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
