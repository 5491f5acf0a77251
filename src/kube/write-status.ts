/** Writes the status subresource of custom resources. */
import { isDeepStrictEqual } from 'node:util';
import type { Client } from './client.ts';
import { isConflict, isNotFound } from './errors.ts';
import { type KubeObject, keyOf, type ResourceDefinition } from './resource.ts';

/**
 * Writes the status only if it differs. Returns false if the object has changed since it was read,
 * so that the next reconcile must write.
 */
export async function writeStatus<S extends object>(
  client: Client,
  resource: ResourceDefinition,
  object: KubeObject & { readonly status?: S | undefined },
  status: S,
  fieldManager: string,
): Promise<boolean> {
  if (isDeepStrictEqual(status, object.status)) return true;
  const { name, resourceVersion } = object.metadata;
  // A merge patch keeps the fields that it doesn't mention.
  const gone = Object.keys(object.status ?? {}).filter((field) => !(field in status));
  const removed = Object.fromEntries(gone.map((field) => [field, null]));
  try {
    await client.mergePatch(
      resource,
      keyOf(object),
      { metadata: { resourceVersion }, status: { ...removed, ...status } },
      { fieldManager, subresource: 'status' },
    );
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    if (isNotFound(error, name)) return true;
    throw error;
  }
}
