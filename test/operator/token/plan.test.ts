import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import type { TokenRecord } from '../../../src/directory/store/tokens.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { type FoundToken, foundToken } from '../../../src/operator/token/check-secret.ts';
import {
  planToken,
  rememberedSecretIsEnough,
  type SecretState,
  type TokenInput,
  type TokenPlan,
} from '../../../src/operator/token/plan.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 2, 4);

const found = (name: string): FoundToken => ({ ...foundToken(name), hash: name, keyId: name });
const record = (hash: string, changes: Partial<TokenRecord> = {}): TokenRecord => ({
  integrationId: 'id',
  keyId: hash,
  hash,
  issuedAt: NOW - HOUR,
  expiresAt: undefined,
  pending: false,
  ...changes,
});

const SECRET: Secret = { metadata: { namespace: 'acme', name: 'okta-scim-token' } };
const OBSTACLE = { reason: 'SecretConflict', message: 'a Secret is in the way' } as const;

const CURRENT: SecretState = { kind: 'current', secret: SECRET, found: found('ours') };
const MISSING: SecretState = { kind: 'missing' };
const MALFORMED: SecretState = { kind: 'malformed', secret: SECRET };
const EXISTING: SecretState = { kind: 'existing', found: found('theirs'), holder: undefined };
const UNUSABLE: SecretState = { kind: 'unusable', obstacle: OBSTACLE };
const obstructed = (token?: FoundToken): SecretState => ({
  kind: 'obstructed',
  obstacle: OBSTACLE,
  found: token,
});

/** The token is old enough. */
const DUE = buildIntegration({ spec: { token: { rotation: { interval: '1h' } } } });
const KEEPS_SECRET = buildIntegration({
  spec: { token: { existingSecret: { name: 'mine', key: 'token' } } },
});

interface Situation extends Partial<Omit<TokenInput, 'otherOwners' | 'former'>> {
  readonly secret: SecretState;
  readonly former?: string;
  /** Tokens of another integration. */
  readonly foreign?: readonly string[];
}

function input({ former, foreign = [], ...rest }: Situation): TokenInput {
  return {
    integration: buildIntegration(),
    integrationId: 'id',
    paused: false,
    former: former === undefined ? undefined : found(former),
    tokens: [],
    otherOwners: new Map(foreign.map((hash) => [hash, 'another'])),
    postponed: undefined,
    now: NOW,
    ...rest,
  };
}

/** The plan in words: its kind, the token that counts, and what becomes of the directory. */
function summary(plan: TokenPlan): string {
  const words: string[] = [plan.kind];
  if ('token' in plan) {
    const { pair, isSettled } = plan.token;
    words.push(pair.current.hash);
    if (pair.previous !== undefined) words.push(`with ${pair.previous.hash}`);
    if (!isSettled) words.push('settling the directory');
  } else if (plan.revokes) words.push('revoking');
  if ('rotates' in plan && plan.rotates) words.push('and rotating');
  if ('obstacle' in plan) words.push(`(${plan.obstacle.reason})`);
  return words.join(' ');
}

const KNOWN = [record('ours')];

type Row = readonly [title: string, situation: Situation, plan: string];

describe('a Secret with the token of the integration', () => {
  it.each<Row>([
    ['is kept', { secret: CURRENT, tokens: KNOWN }, 'keepToken ours'],
    [
      'makes its token the current one',
      { secret: CURRENT, tokens: [record('other')] },
      'keepToken ours settling the directory',
    ],
    [
      'keeps the token in its overlap',
      { secret: CURRENT, tokens: [...KNOWN, record('old', { expiresAt: NOW + HOUR })] },
      'keepToken ours with old',
    ],
    [
      'is rotated when a rotation is due',
      { secret: CURRENT, tokens: KNOWN, integration: DUE },
      'rotateToken ours',
    ],
    [
      'is rotated after the directory was settled',
      { secret: CURRENT, tokens: [...KNOWN, record('left', { pending: true })], integration: DUE },
      'rotateToken ours settling the directory',
    ],
    [
      'is not rotated while reconciling is paused',
      { secret: CURRENT, tokens: KNOWN, integration: DUE, paused: true },
      'keepTokenWhilePaused ours',
    ],
    [
      'is kept even while new tokens must wait',
      { secret: CURRENT, tokens: KNOWN, postponed: 'it is changed' },
      'keepToken ours',
    ],
  ])('%s', (_, situation, plan) => {
    expect(summary(planToken(input(situation)))).toBe(plan);
  });

  it.each<Row>([
    [
      'revokes every token of the integration',
      { secret: CURRENT, tokens: [record('mine')], foreign: ['ours'] },
      'revokeWithoutSecret revoking (InvalidToken)',
    ],
    [
      'has nothing to revoke if the integration has no token',
      { secret: CURRENT, foreign: ['ours'] },
      'revokeWithoutSecret (InvalidToken)',
    ],
  ])('that another integration also has %s', (_, situation, plan) => {
    expect(summary(planToken(input(situation)))).toBe(plan);
  });
});

describe('a remembered Secret', () => {
  const REMEMBERED: SecretState = { kind: 'remembered', found: found('ours') };

  it.each<Row>([
    ['confirms its token', { secret: REMEMBERED, tokens: KNOWN }, 'confirmToken ours'],
    [
      'ends the token whose overlap is over',
      { secret: REMEMBERED, tokens: [...KNOWN, record('old', { expiresAt: NOW })] },
      'confirmToken ours settling the directory',
    ],
  ])('%s', (_, situation, plan) => {
    expect(summary(planToken(input(situation)))).toBe(plan);
  });

  it.each<[string, Partial<Situation>, boolean]>([
    ['is enough while nothing is due', {}, true],
    ['is not enough for a rotation', { integration: DUE }, false],
    ['is enough for a rotation that is paused', { integration: DUE, paused: true }, true],
    ['is not enough when another integration has the token', { foreign: ['ours'] }, false],
  ])('%s', (_, situation, enough) => {
    const seen = input({ secret: REMEMBERED, tokens: KNOWN, ...situation });
    expect(rememberedSecretIsEnough(seen, found('ours'))).toBe(enough);
  });
});

describe('a missing Secret', () => {
  it.each<Row>([
    ['gets a first token', { secret: MISSING }, 'generateFirstToken'],
    [
      'costs the integration its token',
      { secret: MISSING, tokens: KNOWN },
      'generateFirstToken revoking',
    ],
    [
      'gets the token of a former Secret',
      { secret: MISSING, tokens: KNOWN, former: 'ours' },
      'moveTokenToNewSecret ours',
    ],
    [
      'gets the token of a former Secret that the directory has lost',
      { secret: MISSING, former: 'ours' },
      'moveTokenToNewSecret ours settling the directory',
    ],
    [
      'gets the token of a former Secret, which is then rotated if that is due',
      { secret: MISSING, tokens: KNOWN, former: 'ours', integration: DUE },
      'moveTokenToNewSecret ours and rotating',
    ],
    [
      'does not get the token of another integration',
      { secret: MISSING, tokens: KNOWN, former: 'other', foreign: ['other'] },
      'revokeWithoutSecret revoking (InvalidToken)',
    ],
    [
      'gets nothing while reconciling is paused, but its token ends',
      { secret: MISSING, tokens: KNOWN, paused: true },
      'revokeWithoutSecret revoking (SecretMissing)',
    ],
    [
      'leaves the token in the former Secret while reconciling is paused',
      { secret: MISSING, tokens: KNOWN, former: 'ours', paused: true },
      'keepTokenInFormerSecret ours',
    ],
    [
      'gets nothing while others keep changing what is written',
      { secret: MISSING, tokens: KNOWN, postponed: 'it is changed' },
      'revokeWithoutSecret revoking (ChangedByOthers)',
    ],
  ])('%s', (_, situation, plan) => {
    expect(summary(planToken(input(situation)))).toBe(plan);
  });
});

describe('a Secret of the integration without a token', () => {
  it.each<Row>([
    ['gets one', { secret: MALFORMED }, 'replaceMalformedToken'],
    [
      'costs the integration its token',
      { secret: MALFORMED, tokens: KNOWN },
      'replaceMalformedToken revoking',
    ],
    [
      'gets none while reconciling is paused',
      { secret: MALFORMED, tokens: KNOWN, paused: true },
      'revokeWithoutSecret revoking (SecretMissing)',
    ],
    [
      'gets none while others keep changing what is written',
      { secret: MALFORMED, postponed: 'it is changed' },
      'revokeWithoutSecret (ChangedByOthers)',
    ],
  ])('%s', (_, situation, plan) => {
    expect(summary(planToken(input(situation)))).toBe(plan);
  });

  it('is the one that is written to', () => {
    expect(planToken(input({ secret: MALFORMED }))).toMatchObject({ secret: SECRET });
  });
});

describe('a Secret that is in the way', () => {
  it.each<Row>([
    [
      'costs the integration its token',
      { secret: obstructed(), tokens: KNOWN },
      'revokeWithoutSecret revoking (SecretConflict)',
    ],
    [
      'leaves a token that it contains itself',
      { secret: obstructed(found('ours')), tokens: KNOWN },
      'keepTokenDespiteObstacle ours (SecretConflict)',
    ],
    [
      'makes nothing a token that the directory does not know',
      { secret: obstructed(found('unknown')), tokens: KNOWN },
      'revokeWithoutSecret revoking (SecretConflict)',
    ],
    [
      'leaves the token of a former Secret',
      { secret: obstructed(found('unknown')), tokens: KNOWN, former: 'ours' },
      'keepTokenDespiteObstacle ours (SecretConflict)',
    ],
    [
      'leaves the token of a former Secret that the directory has lost',
      { secret: obstructed(), former: 'ours' },
      'keepTokenDespiteObstacle ours settling the directory (SecretConflict)',
    ],
    [
      'does not give a token of another integration',
      { secret: obstructed(), tokens: KNOWN, former: 'other', foreign: ['other'] },
      'revokeWithoutSecret revoking (SecretConflict)',
    ],
    [
      'delays a rotation',
      { secret: obstructed(found('ours')), tokens: KNOWN, integration: DUE },
      'keepTokenDespiteObstacle ours (SecretConflict)',
    ],
  ])('%s', (_, situation, plan) => {
    expect(summary(planToken(input(situation)))).toBe(plan);
  });
});

describe('an existing Secret', () => {
  it.each<Row>([
    [
      'provides the token, and every other one ends',
      { secret: EXISTING, tokens: KNOWN },
      'useExistingToken theirs settling the directory',
    ],
    [
      'provides the token while reconciling is paused, and no Secret is deleted',
      { secret: EXISTING, tokens: [record('theirs')], paused: true },
      'confirmToken theirs',
    ],
    [
      'with the token of another integration leaves the generated one',
      { secret: EXISTING, tokens: KNOWN, former: 'ours', foreign: ['theirs'] },
      'keepTokenDespiteObstacle ours (InvalidToken)',
    ],
    [
      'with the token of another integration provides none',
      { secret: EXISTING, foreign: ['theirs'] },
      'revokeWithoutSecret (InvalidToken)',
    ],
    [
      'that cannot be used leaves the generated token',
      { secret: UNUSABLE, tokens: KNOWN, former: 'ours' },
      'keepTokenDespiteObstacle ours (SecretConflict)',
    ],
    [
      'that cannot be used does not bring back a generated token that the directory does not know',
      { secret: UNUSABLE, tokens: [record('theirs')], former: 'ours' },
      'revokeWithoutSecret revoking (SecretConflict)',
    ],
    [
      'that cannot be used costs the integration its token',
      { secret: UNUSABLE, tokens: [record('theirs')] },
      'revokeWithoutSecret revoking (SecretConflict)',
    ],
  ])('%s', (_, situation, plan) => {
    expect(summary(planToken(input({ integration: KEEPS_SECRET, ...situation })))).toBe(plan);
  });

  it.each([
    ['names the neighbour', 'entra', 'ScimIntegration entra'],
    ['does not name an integration elsewhere', undefined, 'another integration'],
  ])('%s that has its token', (_, holder, whose) => {
    const secret: SecretState = { kind: 'existing', found: found('theirs'), holder };
    const integration: KubeIntegration = KEEPS_SECRET;
    expect(planToken(input({ integration, secret, foreign: ['theirs'] }))).toMatchObject({
      obstacle: { message: expect.stringContaining(`Secret mine belongs to ${whose};`) },
    });
  });
});
