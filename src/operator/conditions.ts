/**
 * Conditions that every custom resource may have: for annotations without effect, a pending
 * deletion, and changes by others.
 */
import { annotationFaults } from '../crd/annotations.ts';
import { ANNOTATION_RECONCILE } from '../crd/names.ts';
import type { ObjectMetadata } from '../crd/objects.ts';
import { CONDITION, REASON } from '../crd/reasons.ts';
import type { NewCondition } from '../kube/conditions.ts';

/** Returns none while all our annotations on an object of the kind have an effect. */
export function annotationConditions(
  kind: string,
  { annotations }: ObjectMetadata,
): readonly NewCondition[] {
  const faults = annotationFaults(kind, annotations);
  if (faults.length === 0) return [];
  const message = faults.join('; ').slice(0, 4_096);
  const reason = REASON.UnknownAnnotation;
  return [{ type: CONDITION.InvalidAnnotation, status: 'True', reason, message }];
}

/** Takes the messages of `Contentions`; returns none without a message. */
export function contentionConditions(contended: readonly string[] = []): readonly NewCondition[] {
  if (contended.length === 0) return [];
  const message = contended.join('; ').slice(0, 4_096);
  return [{ type: CONDITION.Contended, status: 'True', reason: REASON.ChangedByOthers, message }];
}

export const PAUSED: NewCondition = {
  type: CONDITION.Paused,
  status: 'True',
  reason: REASON.ReconcileDisabled,
  message:
    `Paused by the annotation ${ANNOTATION_RECONCILE}; only spec.enabled and the revocation of ` +
    'tokens still take effect',
};

/** For an object with a deletionTimestamp. `ended` says what has already ended. */
export function terminating({ finalizers = [] }: ObjectMetadata, ended: string): NewCondition {
  const held = finalizers.length === 0 ? '' : `; the object is held by ${finalizers.join(', ')}`;
  const message = `The object is being deleted; ${ended}${held}`;
  return { type: CONDITION.Ready, status: 'False', reason: REASON.Terminating, message };
}
