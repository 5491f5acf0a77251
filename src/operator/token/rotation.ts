/**
 * When a token is replaced, and how long the previous one works, as pure functions of what was
 * gathered.
 */
import { isDeepStrictEqual } from 'node:util';
import { isEnabled, overlapOf, rotationIntervalOf } from '../../crd/defaults.ts';
import { ANNOTATION_ROTATE } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { TokenRecord } from '../../directory/store/tokens.ts';
import type { ReadToken } from './check-secret.ts';

/**
 * What the directory should contain: the token in the Secret, and the previous one during its
 * overlap.
 */
export interface TokenPair {
  readonly current: TokenRecord;
  readonly previous: (TokenRecord & { readonly expiresAt: number }) | undefined;
}

interface TokenInput {
  readonly integration: KubeIntegration;
  readonly integrationId: string;
  /** The token in the Secret. */
  readonly found: Pick<ReadToken, 'hash' | 'keyId' | 'replaced'>;
  /** The tokens in the directory. */
  readonly tokens: readonly TokenRecord[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The Secret wins: its token is current. Any other token keeps working only during its overlap,
 * which it has if a rotation replaced it. A pending hash that no Secret contains is left over from
 * an attempt that didn't finish.
 *
 * A token that the directory doesn't know was written by hand, or the directory is an old copy
 * whose other tokens may have been revoked since. In both cases, only the token that the Secret
 * names as replaced has an overlap.
 */
export function pairOf(input: TokenInput): TokenPair {
  const { integrationId, found, tokens } = input;
  const { hash, keyId } = found;
  const known = tokens.find((token) => token.hash === hash);
  const issuedAt = Math.max(
    keptIssue(input, known) ?? rotatedAt(input) ?? knownIssue(input) ?? input.now,
    earliestIssue(input),
  );
  return {
    current: {
      integrationId,
      keyId: known?.keyId ?? keyId,
      hash,
      issuedAt,
      expiresAt: undefined,
      pending: false,
    },
    previous: previousOf(input, known, issuedAt),
  };
}

/**
 * A replaced token that was put back into the Secret counts as issued now. Otherwise it might be
 * rotated again at once.
 */
function keptIssue({ now }: TokenInput, known: TokenRecord | undefined): number | undefined {
  return known?.expiresAt === undefined ? known?.issuedAt : now;
}

/**
 * A token that users provide counts from the creation of the integration at the earliest, which
 * distinguishes this integration from one that was deleted with an earlier CRD.
 */
function earliestIssue({ integration: { spec, metadata } }: TokenInput): number {
  return spec?.token?.existingSecret === undefined ? 0 : Date.parse(metadata.creationTimestamp);
}

function rotatedAt({ found: { replaced }, now }: TokenInput): number | undefined {
  return replaced && Math.min(replaced.at, now);
}

/** Losing the directory doesn't make a token younger. */
function knownIssue({ integration, found, now }: TokenInput): number | undefined {
  const { tokenKeyId, tokenIssuedAt } = integration.status ?? {};
  if (tokenKeyId !== found.keyId || tokenIssuedAt === undefined) return undefined;
  return Math.min(Date.parse(tokenIssuedAt), now);
}

/**
 * A change of the spec makes a running overlap shorter, never longer, because its end was announced
 * when it began.
 */
function previousOf(
  { integration, found, tokens, now }: TokenInput,
  current: TokenRecord | undefined,
  issuedAt: number,
): TokenPair['previous'] {
  if (integration.spec?.token?.existingSecret !== undefined) return undefined;
  const replaced = replacedInOverlap(integration, found);
  const [newest] = tokens
    .filter(({ hash, pending }) => hash !== found.hash && !pending)
    .filter(
      ({ keyId, expiresAt }) =>
        keyId === replaced || (current !== undefined && expiresAt !== undefined),
    )
    .toSorted((a, b) => b.issuedAt - a.issuedAt);
  if (newest === undefined) return undefined;
  const end = Math.min(
    newest.expiresAt ?? Number.POSITIVE_INFINITY,
    issuedAt + overlapOf(integration),
  );
  return end > now ? { ...newest, expiresAt: end } : undefined;
}

/**
 * The key id of the token that the Secret's token replaced, unless it has ended since according to
 * the status.
 */
function replacedInOverlap(
  { status }: KubeIntegration,
  { keyId, replaced }: TokenInput['found'],
): string | undefined {
  const hasEnded = status?.tokenKeyId === keyId && status.previousTokenExpiresAt === undefined;
  return hasEnded ? undefined : replaced?.keyId;
}

/** The directory contains the pair and nothing else. */
export function isSettled(
  tokens: readonly TokenRecord[],
  { current, previous }: TokenPair,
): boolean {
  const pair = previous === undefined ? [current] : [current, previous];
  return (
    tokens.length === pair.length &&
    pair.every((wanted) => tokens.some((token) => isSame(token, wanted)))
  );
}

/** When a token was used or shown is no concern of the operator. */
function isSame(token: TokenRecord, wanted: TokenRecord): boolean {
  const { lastUsedAt, shownAt } = wanted;
  return isDeepStrictEqual({ ...token, lastUsedAt, shownAt }, { ...wanted, lastUsedAt, shownAt });
}

const MAX_ROTATE = 1_024;

/** The value of the annotation, cut to what fits into the status; empty if there is none. */
function wantedRotate({ metadata }: KubeIntegration): string {
  const value = metadata.annotations?.[ANNOTATION_ROTATE] ?? '';
  // The API server counts characters, and it would not return half of one as it was written.
  return value.length <= MAX_ROTATE ? value : [...value].slice(0, MAX_ROTATE).join('');
}

/**
 * The value of `status.lastHandledRotate` once the integration has a token. Removing the annotation
 * changes nothing.
 */
export function handledRotate(integration: KubeIntegration, paused = false): string {
  const last = integration.status?.lastHandledRotate;
  if (paused && last !== undefined) return last;
  return wantedRotate(integration) || (last ?? '');
}

/**
 * Whether the token must be replaced now. `rotated` is the value of the rotate annotation that the
 * Secret's token was generated for. After a crash, or while the cache is behind, the status doesn't
 * have it yet.
 */
export function rotationIsDue(
  integration: KubeIntegration,
  { current }: TokenPair,
  rotated: string | undefined,
  now: number,
): boolean {
  return rotationIsAskedFor(integration, current, rotated) || dueByAge(integration, current) <= now;
}

function rotationIsAskedFor(
  integration: KubeIntegration,
  { keyId }: TokenRecord,
  rotated: string | undefined,
): boolean {
  const wanted = wantedRotate(integration);
  const { lastHandledRotate: last, tokenKeyId } = integration.status ?? {};
  if (wanted === '' || last === undefined || wanted === last) return false;
  return tokenKeyId === keyId || wanted !== rotated;
}

/** A disabled integration keeps its token. */
function dueByAge(integration: KubeIntegration, { issuedAt }: TokenRecord): number {
  const interval = rotationIntervalOf(integration);
  return interval === undefined || !isEnabled(integration)
    ? Number.POSITIVE_INFINITY
    : issuedAt + interval;
}

/** When the token must be looked at again although nothing has changed; infinite if never. */
export function nextDue(
  integration: KubeIntegration,
  { current, previous }: TokenPair,
  paused: boolean,
): number {
  const byAge = paused ? Number.POSITIVE_INFINITY : dueByAge(integration, current);
  return Math.min(previous?.expiresAt ?? Number.POSITIVE_INFINITY, byAge);
}
