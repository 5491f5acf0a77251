/** metav1.Condition lists, changed purely. */

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

export type NewCondition = Omit<Condition, 'lastTransitionTime'>;

/** `lastTransitionTime` moves only when the status does. */
export function setCondition(
  conditions: readonly Condition[],
  next: NewCondition,
  now: Date,
): readonly Condition[] {
  const index = conditions.findIndex(({ type }) => type === next.type);
  const known = conditions[index];
  const lastTransitionTime =
    known?.status === next.status
      ? known.lastTransitionTime
      : now.toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = { ...next, lastTransitionTime };
  return known === undefined ? [...conditions, condition] : conditions.with(index, condition);
}

export function removeCondition(
  conditions: readonly Condition[],
  type: string,
): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
