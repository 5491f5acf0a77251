import { describe, expect, it } from 'vitest';
import {
  type Condition,
  findCondition,
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
  it('adds a condition with the time in whole seconds, as metav1.Time has it', () => {
    expect(setCondition([], ready, earlier)).toEqual([
      { ...ready, lastTransitionTime: '2026-01-01T10:00:00Z' },
    ]);
  });

  it('keeps the time of transition while only reason, message or generation change', () => {
    const before = setCondition([], ready, earlier);
    const next = { ...ready, reason: 'Other', message: 'still', observedGeneration: 2 };
    expect(setCondition(before, next, later)).toEqual([
      { ...next, lastTransitionTime: '2026-01-01T10:00:00Z' },
    ]);
  });

  it('moves the time of transition when the status changes', () => {
    const before = setCondition([], ready, earlier);
    const [after] = setCondition(before, { ...ready, status: 'True' }, later);
    expect(after?.lastTransitionTime).toBe('2026-01-01T11:00:00Z');
  });

  it('leaves the other conditions, their order and the given list alone', () => {
    const first = setCondition([], { ...ready, type: 'TokenReady' }, earlier);
    const before: readonly Condition[] = Object.freeze(setCondition(first, ready, earlier));
    const after = setCondition(before, { ...ready, type: 'TokenReady', status: 'True' }, later);
    expect(after.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'TokenReady=True',
      'Ready=False',
    ]);
    expect(before.map(({ status }) => status)).toEqual(['False', 'False']);
  });
});

describe('removeCondition and findCondition', () => {
  it('work on the type alone', () => {
    const conditions = setCondition([], ready, earlier);
    expect(findCondition(conditions, 'Ready')?.reason).toBe('Progressing');
    expect(findCondition(removeCondition(conditions, 'Ready'), 'Ready')).toBeUndefined();
    expect(findCondition(undefined, 'Ready')).toBeUndefined();
  });
});

describe('mergeConditions', () => {
  const stalled = { ...ready, type: 'Stalled', status: 'True' } as const;
  const conditions = [ready, stalled, { ...ready, type: 'Kept' }].reduce<readonly Condition[]>(
    (present, each) => setCondition(present, { ...each, observedGeneration: 1 }, earlier),
    [],
  );
  const object = { metadata: { generation: 2 }, status: { conditions } };
  const merged = (wanted: readonly NewCondition[]) =>
    mergeConditions(object, wanted, ['Stalled'], later).map(
      ({ type, status, observedGeneration }) => `${type}=${status} of ${observedGeneration}`,
    );

  it('writes what is wanted with the present generation, and keeps the others', () => {
    expect(merged([{ ...ready, status: 'True' }])).toEqual(['Ready=True of 2', 'Kept=False of 1']);
  });

  it('removes what is present only while True, unless it is wanted', () => {
    expect(merged([stalled])).toEqual(['Ready=False of 1', 'Stalled=True of 2', 'Kept=False of 1']);
    expect(merged([])).toEqual(['Ready=False of 1', 'Kept=False of 1']);
  });

  it('begins with an object that has no status', () => {
    expect(mergeConditions({ metadata: { generation: 1 } }, [ready], [], earlier)).toEqual([
      { ...ready, observedGeneration: 1, lastTransitionTime: '2026-01-01T10:00:00Z' },
    ]);
  });
});
