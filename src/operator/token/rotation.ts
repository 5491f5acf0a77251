/**
 * When tokens are replaced and how long the one before works, as pure functions of what was
 * gathered.
 */
import { isDeepStrictEqual } from 'node:util';
import { isEnabled, overlapOf, rotationIntervalOf } from '../../crd/defaults.ts';
import { ANNOTATION_ROTATE } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { TokenRecord } from '../../directory/store/tokens.ts';
import type { ReadToken } from './check-secret.ts';

/**
 * What the directory should hold: the token in the Secret, and the one before it while its overlap
 * runs.
 */
export interface TokenPair {
  readonly current: TokenRecord;
  readonly previous: (TokenRecord & { readonly expiresAt: number }) | undefined;
}

interface TokenInput {
  readonly integration: KubeIntegration;
  readonly integrationId: string;
  /** In the Secret. */
  readonly found: Pick<ReadToken, 'hash' | 'keyId' | 'replaced'>;
  /** In the directory. */
  readonly tokens: readonly TokenRecord[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The Secret wins: its token is current. Another one works on only where an overlap covers it,
 * which is one that was rotated away; a hash that is pending and in no Secret is left of a start
 * that didn't finish. A token that the directory doesn't know was written by hand, or the directory
 * is an old copy, whose other tokens may have been revoked since: of them only the one that the
 * Secret names has an overlap.
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
 * One that was rotated away and is in the Secret again counts from now, or whoever puts it back
 * made it rotate again at once.
 */
function keptIssue({ now }: TokenInput, known: TokenRecord | undefined): number | undefined {
  return known?.expiresAt === undefined ? known?.issuedAt : now;
}

/**
 * A token that others made counts from when this integration could have it, which tells it from one
 * of an earlier CRD.
 */
function earliestIssue({ integration: { spec, metadata } }: TokenInput): number {
  return spec?.token?.existingSecret === undefined ? 0 : Date.parse(metadata.creationTimestamp);
}

function rotatedAt({ found: { replaced }, now }: TokenInput): number | undefined {
  return replaced && Math.min(replaced.at, now);
}

/** A directory that was lost doesn't make a token younger. */
function knownIssue({ integration, found, now }: TokenInput): number | undefined {
  const { tokenKeyId, tokenIssuedAt } = integration.status ?? {};
  if (tokenKeyId !== found.keyId || tokenIssuedAt === undefined) return undefined;
  return Math.min(Date.parse(tokenIssuedAt), now);
}

/**
 * An overlap that is running gets shorter with the spec, never longer: when it ends was said when
 * it began.
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
 * The key id of the token that the Secret's was rotated from, unless the status knows that it has
 * ended since.
 */
function replacedInOverlap(
  { status }: KubeIntegration,
  { keyId, replaced }: TokenInput['found'],
): string | undefined {
  const hasEnded = status?.tokenKeyId === keyId && status.previousTokenExpiresAt === undefined;
  return hasEnded ? undefined : replaced?.keyId;
}

/** Nothing but the pair is in the directory. */
export function isSettled(
  tokens: readonly TokenRecord[],
  { current, previous }: TokenPair,
): boolean {
  const pair = previous === undefined ? [current] : [current, previous];
  return (
    tokens.length === pair.length &&
    pair.every((wanted) => tokens.some((token) => isDeepStrictEqual(token, wanted)))
  );
}

const MAX_ROTATE = 1_024;

/** What the annotation says, as far as the status can hold it; empty: nothing. */
function wantedRotate({ metadata }: KubeIntegration): string {
  const value = metadata.annotations?.[ANNOTATION_ROTATE] ?? '';
  // By characters as the API server counts them; half a character would not come back as it was
  // written.
  return value.length <= MAX_ROTATE ? value : [...value].slice(0, MAX_ROTATE).join('');
}

/**
 * What `status.lastHandledRotate` is to say once the integration has a token. Taking the annotation
 * away changes nothing.
 */
export function handledRotate(integration: KubeIntegration, paused = false): string {
  const last = integration.status?.lastHandledRotate;
  if (paused && last !== undefined) return last;
  return wantedRotate(integration) || (last ?? '');
}

/**
 * Whether the token is to be replaced now. `rotated` is what the Secret says of its token: a crash
 * may have kept the status from saying the same, or the cache may not know of it yet.
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

/** An integration that is switched off keeps its token. */
function dueByAge(integration: KubeIntegration, { issuedAt }: TokenRecord): number {
  const interval = rotationIntervalOf(integration);
  return interval === undefined || !isEnabled(integration)
    ? Number.POSITIVE_INFINITY
    : issuedAt + interval;
}

/** When something is to be done next without anybody's change; infinite: never. */
export function nextDue(
  integration: KubeIntegration,
  { current, previous }: TokenPair,
  paused: boolean,
): number {
  const byAge = paused ? Number.POSITIVE_INFINITY : dueByAge(integration, current);
  return Math.min(previous?.expiresAt ?? Number.POSITIVE_INFINITY, byAge);
}
