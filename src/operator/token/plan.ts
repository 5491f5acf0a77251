/**
 * What to do about the token, decided purely from what was gathered. `act.ts` carries the plan out.
 */
import type { KubeIntegration } from '../../crd/objects.ts';
import type { TokenRecord } from '../../directory/store/tokens.ts';
import type { Secret } from '../../kube/objects.ts';
import type { Obstacle } from '../obstacle.ts';
import type { FoundToken, ReadToken } from './check-secret.ts';
import { changedByOthers, FOREIGN_TOKEN, foreignExistingToken, NO_TOKEN } from './obstacles.ts';
import { isSettled, pairOf, rotationIsDue, type TokenPair } from './rotation.ts';

/** The Secret that the spec names. */
export type SecretState =
  /** It is as the operator left it, according to its watch. */
  | { readonly kind: 'remembered'; readonly found: ReadToken }
  /** It is the integration's, and contains a token. */
  | { readonly kind: 'current'; readonly secret: Secret; readonly found: FoundToken }
  | { readonly kind: 'missing' }
  /** It is the integration's, and contains no token. */
  | { readonly kind: 'malformed'; readonly secret: Secret }
  /** It isn't the integration's, or is being deleted. */
  | {
      readonly kind: 'obstructed';
      readonly obstacle: Obstacle;
      /** What it contains as a token, if anything; undefined while it is being deleted. */
      readonly found: FoundToken | undefined;
    }
  /** It is a Secret that users keep, with a usable token. */
  | {
      readonly kind: 'existing';
      readonly found: FoundToken;
      /** The ScimIntegration of this namespace that has the token already. */
      readonly holder: string | undefined;
    }
  /** It was named as one that users keep, but it isn't there or can't be used. */
  | { readonly kind: 'unusable'; readonly obstacle: Obstacle };

export interface TokenInput {
  readonly integration: KubeIntegration;
  readonly integrationId: string;
  /** Tokens may end, but nothing is created or replaced. */
  readonly paused: boolean;
  readonly secret: SecretState;
  /**
   * The token in a Secret that the operator created under another name. Gathered only if the Secret
   * that the spec names doesn't provide one.
   */
  readonly former: FoundToken | undefined;
  /** The integration's tokens in the directory. */
  readonly tokens: readonly TokenRecord[];
  /** The other integration that has a token, by the hash of the token. */
  readonly otherOwners: ReadonlyMap<string, string>;
  /** Why a new token must wait, if others keep changing what is written. */
  readonly postponed: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The token that counts from now on. */
export interface KeptToken {
  readonly pair: TokenPair;
  /** The directory contains the pair and nothing else. */
  readonly isSettled: boolean;
}

export type TokenPlan =
  /** Only the directory may have to change. */
  | { readonly kind: 'confirmToken'; readonly token: KeptToken }
  | { readonly kind: 'keepToken'; readonly token: KeptToken; readonly secret: Secret }
  | { readonly kind: 'keepTokenWhilePaused'; readonly token: KeptToken; readonly secret: Secret }
  | { readonly kind: 'rotateToken'; readonly token: KeptToken; readonly secret: Secret }
  | {
      readonly kind: 'moveTokenToNewSecret';
      readonly token: KeptToken;
      readonly former: FoundToken;
      /** It is rotated in its new Secret. */
      readonly rotates: boolean;
    }
  | { readonly kind: 'keepTokenInFormerSecret'; readonly token: KeptToken }
  | { readonly kind: 'useExistingToken'; readonly token: KeptToken }
  | { readonly kind: 'generateFirstToken'; readonly revokes: boolean }
  | {
      readonly kind: 'replaceMalformedToken';
      readonly revokes: boolean;
      readonly secret: Secret;
    }
  | {
      readonly kind: 'keepTokenDespiteObstacle';
      readonly token: KeptToken;
      readonly obstacle: Obstacle;
    }
  | {
      readonly kind: 'revokeWithoutSecret';
      /** The directory still has tokens. */
      readonly revokes: boolean;
      readonly obstacle: Obstacle;
    };

export function planToken(input: TokenInput): TokenPlan {
  const { secret, former } = input;
  switch (secret.kind) {
    case 'remembered':
      return { kind: 'confirmToken', token: keptToken(input, secret.found) };
    case 'current':
      return planForCurrentToken(input, secret.found, secret.secret);
    case 'missing':
      return former === undefined ? planNewToken(input) : planMove(input, former);
    case 'malformed':
      return planNewToken(input, secret.secret);
    case 'obstructed':
      return planAroundObstacle(input, secret.obstacle, secret.found);
    case 'existing':
      return planForExistingToken(input, secret.found, secret.holder);
    case 'unusable':
      return planWithoutExistingToken(input, secret.obstacle);
  }
}

/** Nothing but the directory needs to be looked at, let alone changed. */
export function rememberedSecretIsEnough(input: TokenInput, found: ReadToken): boolean {
  if (tokenBelongsToAnother(input, found)) return false;
  return input.paused || !tokenIsToBeRotated(input, found);
}

/** The Secret that the spec names doesn't provide the token, so that a former one may. */
export function formerTokenMatters(input: TokenInput): boolean {
  const { secret } = input;
  switch (secret.kind) {
    case 'missing':
    case 'obstructed':
    case 'unusable':
      return true;
    case 'existing':
      return tokenBelongsToAnother(input, secret.found);
    default:
      return false;
  }
}

function tokenBelongsToAnother({ otherOwners }: TokenInput, { hash }: ReadToken): boolean {
  return otherOwners.has(hash);
}

export function tokenIsInDirectory({ tokens }: TokenInput, { hash }: ReadToken): boolean {
  return tokens.some((token) => token.hash === hash);
}

function tokenIsToBeRotated(input: TokenInput, found: ReadToken): boolean {
  const { integration, now } = input;
  return rotationIsDue(integration, pairFor(input, found), found.rotated, now);
}

function planForCurrentToken(input: TokenInput, found: FoundToken, secret: Secret): TokenPlan {
  if (tokenBelongsToAnother(input, found)) return revokeWithoutSecret(input, FOREIGN_TOKEN);
  const token = keptToken(input, found);
  if (input.paused) return { kind: 'keepTokenWhilePaused', token, secret };
  const kind = tokenIsToBeRotated(input, found) ? 'rotateToken' : 'keepToken';
  return { kind, token, secret };
}

/** `spec.token.secretName` changed: the same token goes into the new Secret. */
function planMove(input: TokenInput, former: FoundToken): TokenPlan {
  if (tokenBelongsToAnother(input, former)) return revokeWithoutSecret(input, FOREIGN_TOKEN);
  const token = keptToken(input, former);
  if (input.paused) return { kind: 'keepTokenInFormerSecret', token };
  const rotates = tokenIsToBeRotated(input, former);
  return { kind: 'moveTokenToNewSecret', token, former, rotates };
}

/** `secret` is the integration's, but contains no token. */
function planNewToken(input: TokenInput, secret?: Secret): TokenPlan {
  const { paused, postponed } = input;
  if (paused) return revokeWithoutSecret(input, NO_TOKEN);
  if (postponed !== undefined) return revokeWithoutSecret(input, changedByOthers(postponed));
  const revokes = directoryHasTokens(input);
  return secret === undefined
    ? { kind: 'generateFirstToken', revokes }
    : { kind: 'replaceMalformedToken', revokes, secret };
}

/**
 * A Secret that lost its labels, for example, must not be touched, but users still read the token
 * from it.
 */
function planAroundObstacle(
  input: TokenInput,
  obstacle: Obstacle,
  found: FoundToken | undefined,
): TokenPlan {
  const own = found !== undefined && tokenIsInDirectory(input, found) ? found : undefined;
  const held = input.former ?? own;
  return held === undefined || tokenBelongsToAnother(input, held)
    ? revokeWithoutSecret(input, obstacle)
    : { kind: 'keepTokenDespiteObstacle', token: keptToken(input, held), obstacle };
}

function planForExistingToken(
  input: TokenInput,
  found: FoundToken,
  holder: string | undefined,
): TokenPlan {
  if (tokenBelongsToAnother(input, found))
    return planWithoutExistingToken(input, foreignExistingToken(input.integration, holder));
  const token = keptToken(input, found);
  return { kind: input.paused ? 'confirmToken' : 'useExistingToken', token };
}

/** A generated token works while its own Secret exists, so a wrong reference costs no sync. */
function planWithoutExistingToken(input: TokenInput, obstacle: Obstacle): TokenPlan {
  const { former } = input;
  return former === undefined || !tokenIsInDirectory(input, former)
    ? revokeWithoutSecret(input, obstacle)
    : { kind: 'keepTokenDespiteObstacle', token: keptToken(input, former), obstacle };
}

function revokeWithoutSecret(input: TokenInput, obstacle: Obstacle): TokenPlan {
  return { kind: 'revokeWithoutSecret', revokes: directoryHasTokens(input), obstacle };
}

function directoryHasTokens({ tokens }: TokenInput): boolean {
  return tokens.length > 0;
}

function keptToken(input: TokenInput, found: ReadToken): KeptToken {
  const pair = pairFor(input, found);
  return { pair, isSettled: isSettled(input.tokens, pair) };
}

function pairFor(input: TokenInput, found: ReadToken): TokenPair {
  return pairOf({ ...input, found });
}
