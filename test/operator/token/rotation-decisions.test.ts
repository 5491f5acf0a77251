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
import { buildIntegration } from '../../support/operator/integration-objects.ts';

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

/** The Secret's annotation about the replaced token. */
const OLD = { keyId: 'old', at: NOW - HOUR };

interface Situation {
  readonly tokens: readonly TokenRecord[];
  readonly spec?: KubeIntegration['spec'];
  readonly status?: KubeIntegration['status'];
  /** The Secret's annotation about the replaced token. */
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

describe('the tokens in the directory', () => {
  it.each<[string, Situation, Record<string, number | undefined>]>([
    ['an unknown token becomes current', { tokens: [] }, { new: undefined }],
    [
      'a token written into the Secret by hand ends the previous one',
      { tokens: [record('old')] },
      { new: undefined },
    ],
    [
      'an unknown token ends even a running overlap',
      { tokens: [record('older'), record('old', { expiresAt: NOW + HOUR })] },
      { new: undefined },
    ],
    [
      'in an old copy, only the one that the Secret names as replaced works for the rest of its overlap',
      {
        tokens: [record('old'), record('newer', { issuedAt: NOW })],
        replaced: OLD,
        spec: rotation('3h'),
      },
      { new: undefined, old: NOW + 2 * HOUR },
    ],
    [
      'in an old copy, a replaced one ends if its overlap is over',
      {
        tokens: [record('old')],
        replaced: OLD,
        spec: rotation('1h'),
      },
      { new: undefined },
    ],
    [
      'in an old copy, a replaced one ends if it ended early according to the status',
      {
        tokens: [record('old')],
        replaced: OLD,
        status: { tokenKeyId: 'new' },
      },
      { new: undefined },
    ],
    [
      'a time in the future does not extend the overlap',
      {
        tokens: [record('old')],
        replaced: { keyId: 'old', at: NOW + 99 * HOUR },
        spec: rotation('1h'),
      },
      { new: undefined, old: NOW + HOUR },
    ],
    [
      'a pending one in the Secret has replaced the previous one, which works for the overlap',
      {
        tokens: [record('old'), record('new', { pending: true })],
        replaced: OLD,
        spec: rotation('2h'),
      },
      { new: undefined, old: NOW + HOUR },
    ],
    [
      'the overlap is a day by default',
      { tokens: [record('old'), record('new', { pending: true })], replaced: OLD },
      { new: undefined, old: NOW + 23 * HOUR },
    ],
    [
      'a pending one in the Secret that replaced none ends every other',
      { tokens: [record('old'), record('new', { pending: true })] },
      { new: undefined },
    ],
    [
      'the previous one ends if its overlap is over already',
      {
        tokens: [record('old'), record('new', { pending: true })],
        replaced: OLD,
        spec: rotation('1h'),
      },
      { new: undefined },
    ],
    [
      'a pending one ends if it is not in the Secret',
      { tokens: [record('new'), record('pending', { pending: true })] },
      { new: undefined },
    ],
    [
      'the previous one stays during its overlap',
      { tokens: [record('new'), record('old', { expiresAt: NOW + 1 })] },
      { new: undefined, old: NOW + 1 },
    ],
    [
      'the previous one is removed at the end of its overlap',
      { tokens: [record('new'), record('old', { expiresAt: NOW })] },
      { new: undefined },
    ],
    [
      'a shorter overlap ends the previous one earlier',
      {
        tokens: [record('new'), record('old', { expiresAt: NOW + 9 * HOUR })],
        spec: rotation('3h'),
      },
      { new: undefined, old: NOW + 2 * HOUR },
    ],
    [
      'a longer overlap does not end the previous one later',
      {
        tokens: [record('new'), record('old', { expiresAt: NOW + HOUR })],
        spec: rotation('300h'),
      },
      { new: undefined, old: NOW + HOUR },
    ],
    [
      'a replaced one that is in the Secret again is current, and its successor ends',
      { tokens: [record('new', { expiresAt: NOW + HOUR }), record('newer')] },
      { new: undefined },
    ],
    [
      'at most two work',
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
      'a token in an existing Secret ends every other at once',
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

  it('their age is known from the status if the directory was lost', () => {
    const status = { tokenKeyId: 'new', tokenIssuedAt: '2026-03-01T00:00:00Z' };
    expect(pair({ tokens: [], status }).current.issuedAt).toBe(Date.UTC(2026, 2, 1));
    expect(pair({ tokens: [], status: { ...status, tokenKeyId: 'other' } }).current.issuedAt).toBe(
      NOW,
    );
  });

  it('a replaced one that is put back is not due again at once, however old it is', () => {
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
    ['an expired one remains', [record('new'), record('old', { expiresAt: NOW })]],
    ['the current one is still pending', [record('new', { pending: true })]],
    ['the current one has an end', [record('new', { expiresAt: NOW + HOUR })]],
    ['the current one is missing', []],
  ])('are not settled while %s', (_, tokens) => {
    expect(isSettled(tokens, pair({ tokens }))).toBe(false);
  });
});

interface Asked {
  readonly wanted?: string;
  readonly last?: string | undefined;
  /** The status's key id of the current token, `new`. */
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
    ['requests a rotation by its first value', { wanted: 'a', last: '' }, true, 'a'],
    ['requests another rotation by another value', { wanted: 'b', last: 'a' }, true, 'b'],
    ['requests nothing by the same value', { wanted: 'a', last: 'a' }, false, 'a'],
    ['requests nothing when it is removed', { last: 'a' }, false, 'a'],
    ['requests nothing when it is empty', { wanted: '', last: 'a' }, false, 'a'],
    ['requests nothing if the status was lost, but is recorded', { wanted: 'a' }, false, 'a'],
    ['is recorded as empty if it is missing', {}, false, ''],
    [
      'requests nothing if the Secret has the requested token and the status does not say so yet',
      { wanted: 'b', last: 'a', known: 'old', rotated: 'b' },
      false,
      'b',
    ],
    [
      'requests a rotation if the status does not have the previous one yet',
      { wanted: 'c', last: 'a', known: 'old', rotated: 'b' },
      true,
      'c',
    ],
    [
      'requests a rotation by a value that was used long ago',
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

  it('is handled once reconciling is no longer paused', () => {
    expect(handledRotate(asking({ wanted: 'b', last: 'a' }), true)).toBe('a');
    expect(handledRotate(asking({ wanted: 'b' }), true)).toBe('b');
  });

  it('counts up to its 1,024th character, and no character is split', () => {
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
    ['is not over a millisecond early', { spec }, aged(NOW - 48 * HOUR + 1), false, NOW + 1],
    ['is over on time', { spec }, aged(NOW - 48 * HOUR), true, NOW],
    ['stays over', { spec }, aged(0), true, 48 * HOUR],
    ['has no default', {}, aged(0), false, NEVER],
    [
      'does not affect the token of a disabled integration',
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

  it('is considered after the end of the overlap, and not at all while reconciling is paused', () => {
    const current = aged(NOW).current;
    const previous = { ...record('old'), expiresAt: NOW + HOUR };
    const integration = buildIntegration({ spec });
    expect(nextDue(integration, { current, previous }, false)).toBe(NOW + HOUR);
    expect(nextDue(integration, { current, previous: undefined }, false)).toBe(NOW + 48 * HOUR);
    expect(nextDue(integration, { current, previous: undefined }, true)).toBe(NEVER);
  });
});
