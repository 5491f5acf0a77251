/** Who else wrote a field. */
import { writersOf } from '../kube/field-managers.ts';
import type { KubeObject, ManagedFields } from '../kube/resource.ts';
import { FIELD_MANAGER, TOKEN_FIELD_MANAGER } from './ownership.ts';

/**
 * Returns the manager, other than the operator, that last wrote the field at the path; undefined if
 * there is none or it is unknown.
 */
export function managerOf(object: KubeObject, path: readonly string[]): string | undefined {
  const entries = writersOf(object, path).filter((entry) => !isOperator(entry));
  const [last] = entries.toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return last?.manager;
}

const isOperator = ({ manager }: ManagedFields): boolean =>
  manager === FIELD_MANAGER || manager === TOKEN_FIELD_MANAGER;
