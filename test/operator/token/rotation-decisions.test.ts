import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import type { TokenRecord } from '../../../src/directory/store/tokens.ts';
import { foundToken } from '../../../src/operator/token/check-secret.ts';
import type { ReplacedToken } from '../../../src/operator/token/objects.ts';
import {
  handledRotate,
  isSettled,
  nextDue,
  pairOf,
  rotationIsDue,
  type TokenPair,
} from '../../../src/operator/token/rotation.ts';
import { buildIntegration } from '../../support/integration-objects.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 2, 4);
const NEVER = Number.POSITIVE_INFINITY;

const record = (hash: string, changes: Partial<TokenRecord> = {}): TokenRecord => ({
  integrationId: 'id',
  keyId: hash,
  hash,
  issuedAt: NOW - HOUR,
  expiresAt: undefined,
  pending: false,
  ...changes,
});

const FOUND = { ...foundToken(''), hash: 'new', keyId: 'new' };

/** What the Secret says. */
const OLD = { keyId: 'old', at: NOW - HOUR };

interface Situation {
  readonly tokens: readonly TokenRecord[];
  readonly spec?: KubeIntegration['spec'];
  readonly status?: KubeIntegration['status'];
  /** What the Secret says was replaced. */
  readonly replaced?: ReplacedToken;
}

function pair({ tokens, replaced, ...changes }: Situation): TokenPair {
  const integration = buildIntegration(changes as object);
  const found = { ...FOUND, replaced };
  return pairOf({ integration, integrationId: 'id', found, tokens, now: NOW });
}

const rotation = (overlap: string, interval?: string) => ({
  token: { rotation: { overlap, ...(interval === undefined ? {} : { interval }) } },
});

describe('of the tokens in the directory', () => {
  it.each<[string, Situation, Record<string, number | undefined>]>([
    ['a token that is not known becomes current', { tokens: [] }, { new: undefined }],
    [
      'a token written into the Secret by hand ends the one before',
      { tokens: [record('old')] },
      { new: undefined },
    ],
    [
      'one that is not known ends even an overlap that runs',
      { tokens: [record('older'), record('old', { expiresAt: NOW + HOUR })] },
      { new: undefined },
    ],
    [
      'of an old copy the one that the Secret names as replaced works for the rest of its overlap, and no other',
      {
        tokens: [record('old'), record('newer', { issuedAt: NOW })],
        replaced: OLD,
        spec: rotation('3h'),
      },
      { new: undefined, old: NOW + 2 * HOUR },
    ],
    [
      'of an old copy one whose overlap is over ends',
      {
        tokens: [record('old')],
        replaced: OLD,
        spec: rotation('1h'),
      },
      { new: undefined },
    ],
    [
      'of an old copy one that has ended before its overlap, as the status knows, ends',
      {
        tokens: [record('old')],
        replaced: OLD,
        status: { tokenKeyId: 'new' },
      },
      { new: undefined },
    ],
    [
      'a time in the future makes no overlap longer',
      {
        tokens: [record('old')],
        replaced: { keyId: 'old', at: NOW + 99 * HOUR },
        spec: rotation('1h'),
      },
      { new: undefined, old: NOW + HOUR },
    ],
    [
      'a pending one that is in the Secret was rotated to: the one before works for the overlap',
      {
        tokens: [record('old'), record('new', { pending: true })],
        replaced: OLD,
        spec: rotation('2h'),
      },
      { new: undefined, old: NOW + HOUR },
    ],
    [
      'the overlap is a day unless the spec says something else',
      { tokens: [record('old'), record('new', { pending: true })], replaced: OLD },
      { new: undefined, old: NOW + 23 * HOUR },
    ],
    [
      'a pending one that is in the Secret and replaced none ends every other',
      { tokens: [record('old'), record('new', { pending: true })] },
      { new: undefined },
    ],
    [
      'an overlap that is over already ends the one before',
      {
        tokens: [record('old'), record('new', { pending: true })],
        replaced: OLD,
        spec: rotation('1h'),
      },
      { new: undefined },
    ],
    [
      'a pending one that is not in the Secret ends',
      { tokens: [record('new'), record('pending', { pending: true })] },
      { new: undefined },
    ],
    [
      'one whose overlap runs stays',
      { tokens: [record('new'), record('old', { expiresAt: NOW + 1 })] },
      { new: undefined, old: NOW + 1 },
    ],
    [
      'one whose overlap has just ended goes',
      { tokens: [record('new'), record('old', { expiresAt: NOW })] },
      { new: undefined },
    ],
    [
      'one whose overlap runs ends earlier with a shorter overlap',
      {
        tokens: [record('new'), record('old', { expiresAt: NOW + 9 * HOUR })],
        spec: rotation('3h'),
      },
      { new: undefined, old: NOW + 2 * HOUR },
    ],
    [
      'one whose overlap runs does not end later with a longer overlap',
      {
        tokens: [record('new'), record('old', { expiresAt: NOW + HOUR })],
        spec: rotation('300h'),
      },
      { new: undefined, old: NOW + HOUR },
    ],
    [
      'one that was rotated away and is in the Secret again is current, and what came after it ends',
      { tokens: [record('new', { expiresAt: NOW + HOUR }), record('newer')] },
      { new: undefined },
    ],
    [
      'never more than two work',
      {
        tokens: [
          record('oldest', { expiresAt: NOW + HOUR, issuedAt: NOW - 9 * HOUR }),
          record('old', { issuedAt: NOW - 2 * HOUR }),
          record('new', { pending: true }),
        ],
        replaced: OLD,
      },
      { new: undefined, old: NOW + 23 * HOUR },
    ],
    [
      'one in an existing Secret ends every other at once',
      {
        tokens: [record('new'), record('old', { expiresAt: NOW + HOUR })],
        spec: { token: { existingSecret: { name: 'mine', key: 'token' } } },
      },
      { new: undefined },
    ],
  ])('%s', (_, situation, ends) => {
    const { current, previous } = pair(situation);
    const found = [current, previous].flatMap((token) => (token === undefined ? [] : [token]));
    expect(Object.fromEntries(found.map(({ hash, expiresAt }) => [hash, expiresAt]))).toEqual(ends);
    expect(found.every(({ pending }) => !pending)).toBe(true);
    expect(isSettled(found, { current, previous })).toBe(true);
  });

  it('the age is remembered by the status where the directory was lost', () => {
    const status = { tokenKeyId: 'new', tokenIssuedAt: '2026-03-01T00:00:00Z' };
    expect(pair({ tokens: [], status }).current.issuedAt).toBe(Date.UTC(2026, 2, 1));
    expect(pair({ tokens: [], status: { ...status, tokenKeyId: 'other' } }).current.issuedAt).toBe(
      NOW,
    );
  });

  it('one that somebody puts back after it was rotated away is not due again at once, however old it is', () => {
    const situation = {
      tokens: [record('new', { issuedAt: 0, expiresAt: NOW + HOUR }), record('newer')],
      spec: rotation('1h', '2h'),
    };
    const back = pair(situation);
    expect(back.current.issuedAt).toBe(NOW);
    const integration = buildIntegration(situation as object);
    expect(rotationIsDue(integration, back, undefined, NOW)).toBe(false);
    expect(nextDue(integration, back, false)).toBe(NOW + 2 * HOUR);
  });

  it.each<[string, readonly TokenRecord[]]>([
    ['an expired one is still there', [record('new'), record('old', { expiresAt: NOW })]],
    ['the current one is still pending', [record('new', { pending: true })]],
    ['the current one has an end', [record('new', { expiresAt: NOW + HOUR })]],
    ['the current one is not there', []],
  ])('nothing is settled while %s', (_, tokens) => {
    expect(isSettled(tokens, pair({ tokens }))).toBe(false);
  });
});

interface Asked {
  readonly wanted?: string;
  readonly last?: string | undefined;
  /** What the status knows the current token, `new`, as. */
  readonly known?: string;
  readonly rotated?: string;
}

function asking({ wanted, last, known = 'new' }: Asked): KubeIntegration {
  return buildIntegration({
    metadata: {
      annotations: wanted === undefined ? {} : { 'scim-operator.dev/rotate': wanted },
    },
    status: { tokenKeyId: known, ...(last === undefined ? {} : { lastHandledRotate: last }) },
  });
}

describe('the rotate annotation', () => {
  it.each<[string, Asked, boolean, string]>([
    ['asks for a rotation by a first value', { wanted: 'a', last: '' }, true, 'a'],
    ['asks for another one by another value', { wanted: 'b', last: 'a' }, true, 'b'],
    ['asks for nothing by the same value', { wanted: 'a', last: 'a' }, false, 'a'],
    ['asks for nothing when it is taken away', { last: 'a' }, false, 'a'],
    ['asks for nothing when it is empty', { wanted: '', last: 'a' }, false, 'a'],
    ['asks for nothing where the status was lost, but is recorded', { wanted: 'a' }, false, 'a'],
    ['that is not there is recorded as empty', {}, false, ''],
    [
      'asks for nothing when the Secret has the token that it asked for, and the status does not know',
      { wanted: 'b', last: 'a', known: 'old', rotated: 'b' },
      false,
      'b',
    ],
    [
      'asks for a rotation when the status does not know of the one before',
      { wanted: 'c', last: 'a', known: 'old', rotated: 'b' },
      true,
      'c',
    ],
    [
      'asks for a rotation by a value that was used long ago',
      { wanted: 'a', last: 'b', rotated: 'a' },
      true,
      'a',
    ],
  ])('%s', (_, asked, due, recorded) => {
    const integration = asking(asked);
    const current = { current: record('new'), previous: undefined };
    expect(rotationIsDue(integration, current, asked.rotated, NOW)).toBe(due);
    expect(handledRotate(integration)).toBe(recorded);
  });

  it('is handled when reconciling is not paused any more', () => {
    expect(handledRotate(asking({ wanted: 'b', last: 'a' }), true)).toBe('a');
    expect(handledRotate(asking({ wanted: 'b' }), true)).toBe('b');
  });

  it('counts with its first 1,024 characters, none of them cut in two', () => {
    const long = `${'x'.repeat(1_023)}😀😀`;
    const recorded = handledRotate(asking({ wanted: long, last: '' }));
    expect([...recorded]).toHaveLength(1_024);
    const again = asking({ wanted: long, last: recorded });
    const current = { current: record('new'), previous: undefined };
    expect(rotationIsDue(again, current, undefined, NOW)).toBe(false);
  });
});

describe('the interval', () => {
  const aged = (issuedAt: number) => ({
    current: record('new', { issuedAt }),
    previous: undefined,
  });
  const spec = rotation('1h', '48h');

  it.each<[string, object, TokenPair, boolean, number]>([
    ['is not over a moment too early', { spec }, aged(NOW - 48 * HOUR + 1), false, NOW + 1],
    ['is over at its moment', { spec }, aged(NOW - 48 * HOUR), true, NOW],
    ['stays over', { spec }, aged(0), true, 48 * HOUR],
    ['does not exist unless it is set', {}, aged(0), false, NEVER],
    [
      'does not touch the token of an integration that is switched off',
      { spec: { ...spec, enabled: false } },
      aged(0),
      false,
      NEVER,
    ],
  ])('%s', (_, changes, current, due, at) => {
    const integration = buildIntegration(changes);
    expect(rotationIsDue(integration, current, undefined, NOW)).toBe(due);
    expect(nextDue(integration, current, false)).toBe(at);
  });

  it('is looked at after the end of the overlap, and not at all while reconciling is paused', () => {
    const current = aged(NOW).current;
    const previous = { ...record('old'), expiresAt: NOW + HOUR };
    const integration = buildIntegration({ spec });
    expect(nextDue(integration, { current, previous }, false)).toBe(NOW + HOUR);
    expect(nextDue(integration, { current, previous: undefined }, false)).toBe(NOW + 48 * HOUR);
    expect(nextDue(integration, { current, previous: undefined }, true)).toBe(NEVER);
  });
});
