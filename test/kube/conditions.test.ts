import { describe, expect, it } from 'vitest';
import {
  findCondition,
  type KubeCondition,
  mergeConditions,
  type NewCondition,
  removeCondition,
  setCondition,
} from '../../src/kube/conditions.ts';

const earlier = new Date('2026-01-01T10:00:00.123Z');
const later = new Date('2026-01-01T11:00:00.456Z');
const ready = {
  type: 'Ready',
  status: 'False',
  reason: 'Progressing',
  message: 'at work',
} as const;

describe('setCondition', () => {
  it('adds a condition with the time in whole seconds, like metav1.Time', () => {
    expect(setCondition([], ready, earlier)).toEqual([
      { ...ready, lastTransitionTime: '2026-01-01T10:00:00Z' },
    ]);
  });

  it('keeps lastTransitionTime if only the reason, message or generation changes', () => {
    const before = setCondition([], ready, earlier);
    const next = { ...ready, reason: 'Other', message: 'still', observedGeneration: 2 };
    expect(setCondition(before, next, later)).toEqual([
      { ...next, lastTransitionTime: '2026-01-01T10:00:00Z' },
    ]);
  });

  it('updates lastTransitionTime if the status changes', () => {
    const before = setCondition([], ready, earlier);
    const [after] = setCondition(before, { ...ready, status: 'True' }, later);
    expect(after?.lastTransitionTime).toBe('2026-01-01T11:00:00Z');
  });

  it('changes neither the other conditions nor their order nor the given list', () => {
    const first = setCondition([], { ...ready, type: 'TokenReady' }, earlier);
    const before: readonly KubeCondition[] = Object.freeze(setCondition(first, ready, earlier));
    const after = setCondition(before, { ...ready, type: 'TokenReady', status: 'True' }, later);
    expect(after.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'TokenReady=True',
      'Ready=False',
    ]);
    expect(before.map(({ status }) => status)).toEqual(['False', 'False']);
  });
});

describe('removeCondition and findCondition', () => {
  it('depend only on the type', () => {
    const conditions = setCondition([], ready, earlier);
    expect(findCondition(conditions, 'Ready')?.reason).toBe('Progressing');
    expect(findCondition(removeCondition(conditions, 'Ready'), 'Ready')).toBeUndefined();
    expect(findCondition(undefined, 'Ready')).toBeUndefined();
  });
});

describe('mergeConditions', () => {
  const stalled = { ...ready, type: 'Stalled', status: 'True' } as const;
  const conditions = [ready, stalled, { ...ready, type: 'Kept' }].reduce<readonly KubeCondition[]>(
    (present, each) => setCondition(present, { ...each, observedGeneration: 1 }, earlier),
    [],
  );
  const object = { metadata: { generation: 2 }, status: { conditions } };
  const merged = (wanted: readonly NewCondition[]) =>
    mergeConditions(object, wanted, ['Stalled'], later).map(
      ({ type, status, observedGeneration }) => `${type}=${status} of ${observedGeneration}`,
    );

  it('sets the wanted conditions with the current generation and keeps the others', () => {
    expect(merged([{ ...ready, status: 'True' }])).toEqual(['Ready=True of 2', 'Kept=False of 1']);
  });

  it('removes conditions that exist only while True, unless they are wanted', () => {
    expect(merged([stalled])).toEqual(['Ready=False of 1', 'Stalled=True of 2', 'Kept=False of 1']);
    expect(merged([])).toEqual(['Ready=False of 1', 'Kept=False of 1']);
  });

  it('accepts an object without a status', () => {
    expect(mergeConditions({ metadata: { generation: 1 } }, [ready], [], earlier)).toEqual([
      { ...ready, observedGeneration: 1, lastTransitionTime: '2026-01-01T10:00:00Z' },
    ]);
  });
});
