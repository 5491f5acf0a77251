/** Pure functions that change lists of metav1.Condition. */
import { seconds } from './time.ts';

export interface KubeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

export type NewCondition = Omit<KubeCondition, 'lastTransitionTime'>;

/** `lastTransitionTime` changes only when the status does. */
export function setCondition(
  conditions: readonly KubeCondition[],
  next: NewCondition,
  now: Date,
): readonly KubeCondition[] {
  const index = conditions.findIndex(({ type }) => type === next.type);
  const known = conditions[index];
  const lastTransitionTime =
    known?.status === next.status ? known.lastTransitionTime : seconds(now);
  const condition = { ...next, lastTransitionTime };
  return known === undefined ? [...conditions, condition] : conditions.with(index, condition);
}

export function removeCondition(
  conditions: readonly KubeCondition[],
  type: string,
): readonly KubeCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}

export function findCondition(
  conditions: readonly KubeCondition[] | undefined,
  type: string,
): KubeCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** As the API server returns it. */
type StatusCondition = Omit<KubeCondition, 'observedGeneration'> & {
  readonly observedGeneration?: number | undefined;
};

interface ConditionedObject {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly conditions?: readonly StatusCondition[] | undefined } | undefined;
}

/**
 * Returns the conditions that an object should have: those wanted, with its current generation, and
 * those it already has. Types in `whileTrue` are present only while True, so they are kept only if
 * wanted.
 */
export function mergeConditions(
  { metadata, status }: ConditionedObject,
  wanted: readonly NewCondition[],
  whileTrue: readonly string[],
  now: Date,
): readonly KubeCondition[] {
  const observedGeneration = metadata.generation;
  const present: readonly KubeCondition[] = status?.conditions?.map(completeCondition) ?? [];
  const kept = whileTrue
    .filter((type) => !wanted.some((condition) => condition.type === type))
    .reduce(removeCondition, present);
  return wanted.reduce(
    (conditions, condition) => setCondition(conditions, { ...condition, observedGeneration }, now),
    kept,
  );
}

/** Converts a condition from the API server for setCondition. */
export function completeCondition({
  observedGeneration,
  ...condition
}: StatusCondition): KubeCondition {
  return observedGeneration === undefined ? condition : { ...condition, observedGeneration };
}
