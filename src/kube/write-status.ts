/** The status subresource of custom resources. */
import { isDeepStrictEqual } from 'node:util';
import type { Client } from './client.ts';
import { isConflict, isNotFound } from './errors.ts';
import { type KubeObject, keyOf, type ResourceDefinition } from './resource.ts';

/**
 * Written only when it differs. False when the object has changed since it was read: its next
 * reconcile writes.
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
  // What a merge patch is silent about would stay.
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
