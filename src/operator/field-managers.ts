/** Who wrote a field, according to the API server's bookkeeping (managedFields). */
import type { KubeObject, ManagedFields } from '../kube/resource.ts';
import { FIELD_MANAGER, TOKEN_FIELD_MANAGER } from './ownership.ts';

/**
 * Returns the manager, other than the operator, that last wrote the field at the path; undefined if
 * there is none or it is unknown.
 */
export function managerOf({ metadata }: KubeObject, path: readonly string[]): string | undefined {
  const entries = (metadata.managedFields ?? []).filter(
    (entry) => !isOperator(entry) && covers(entry.fieldsV1, path),
  );
  const [last] = entries.toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return last?.manager;
}

const isOperator = ({ manager }: ManagedFields): boolean =>
  manager === FIELD_MANAGER || manager === TOKEN_FIELD_MANAGER;

function covers(fields: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (typeof fields !== 'object' || fields === null) return false;
  const field = (fields as Record<string, unknown>)[`f:${name}`];
  return field !== undefined && covers(field, rest);
}
