/** Finds differences between an object and its desired form. */
import type { KubeObject } from './resource.ts';

/** Whether `actual` has every value of `desired`. Lists must be equal; objects may have more. */
export function contains(actual: unknown, desired: unknown): boolean {
  if (Array.isArray(desired)) {
    return (
      Array.isArray(actual) &&
      actual.length === desired.length &&
      desired.every((each, index) => contains(actual[index], each))
    );
  }
  if (typeof desired !== 'object' || desired === null) return actual === desired;
  if (typeof actual !== 'object' || actual === null) return false;
  const held = actual as Record<string, unknown>;
  return Object.entries(desired).every(([key, value]) => contains(held[key], value));
}

/**
 * Returns the path to the first value of `desired` that `actual` lacks; undefined if it has them
 * all. A list counts as one value.
 */
function firstDifference(
  actual: unknown,
  desired: unknown,
  path: readonly string[],
): readonly string[] | undefined {
  if (contains(actual, desired)) return undefined;
  if (typeof desired !== 'object' || desired === null || Array.isArray(desired)) return path;
  if (typeof actual !== 'object' || actual === null) return path;
  const held = actual as Record<string, unknown>;
  for (const [key, value] of Object.entries(desired)) {
    const found = firstDifference(held[key], value, [...path, key]);
    if (found !== undefined) return found;
  }
  return path;
}

/** Returns the first field in which an object differs from its desired form. */
export function differenceIn<T extends KubeObject>(
  actual: T,
  desired: T,
): readonly string[] | undefined {
  if (isAsDesired(actual, desired)) return undefined;
  const { ownerReferences: _, resourceVersion: __, ...metadata } = desired.metadata;
  return firstDifference(actual, { ...desired, metadata }, []) ?? ['metadata', 'ownerReferences'];
}

/** There may be more owner references, in any order, because others may also own our objects. */
export function isAsDesired<T extends KubeObject>(actual: T, desired: T): boolean {
  // A write names the version that it replaces.
  const { ownerReferences = [], resourceVersion: _, ...metadata } = desired.metadata;
  // By UID, as the API server merges them, because the Role of a namespace has as many owners as
  // there are integrations.
  const owners = new Map(actual.metadata.ownerReferences?.map((owner) => [owner.uid, owner]));
  return (
    contains(actual, { ...desired, metadata }) &&
    ownerReferences.every((wanted) => contains(owners.get(wanted.uid), wanted))
  );
}
