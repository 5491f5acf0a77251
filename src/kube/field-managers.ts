/** Who wrote a field, according to the API server's bookkeeping (managedFields). */
import type { KubeObject, ManagedFields } from './resource.ts';

/** The entries of those who wrote the field at the path. */
export const writersOf = (
  { metadata }: KubeObject,
  path: readonly string[],
): readonly ManagedFields[] =>
  (metadata.managedFields ?? []).filter(({ fieldsV1 }) => covers(fieldsV1, path));

function covers(fields: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (typeof fields !== 'object' || fields === null) return false;
  const field = (fields as Record<string, unknown>)[`f:${name}`];
  return field !== undefined && covers(field, rest);
}
