/** Whether an object is still as it was built. */
import type { KubeObject } from '../kube/resource.ts';

/** Every value of `desired` is in `actual`; lists are compared whole, and objects may have more. */
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

/** Owner references may be more and in another order: others may own our objects too. */
export function isAsDesired<T extends KubeObject>(actual: T, desired: T): boolean {
  const { ownerReferences = [], ...metadata } = desired.metadata;
  // By UID, which the API server merges them by: the Role of a namespace has as many as there are integrations.
  const owners = new Map(actual.metadata.ownerReferences?.map((owner) => [owner.uid, owner]));
  return (
    contains(actual, { ...desired, metadata }) &&
    ownerReferences.every((wanted) => contains(owners.get(wanted.uid), wanted))
  );
}
