/** Writes of an integration's token hashes in the directory, and the events that tell of them. */
import { overlapOf, tokenSecretRefOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { EVENT } from '../../crd/reasons.ts';
import type { TokenRecord } from '../../directory/store/tokens.ts';
import { hashToken, keyIdOf } from '../../directory/tokens.ts';
import type { OperatorContext } from '../context.ts';
import type { FoundToken } from './check-secret.ts';
import type { KeptToken } from './plan.ts';
import type { ReadSecrets } from './read-secrets.ts';
import { pairOf, type TokenPair } from './rotation.ts';

export interface TokenSubject {
  readonly context: OperatorContext;
  readonly readSecrets: ReadSecrets;
  readonly integration: KubeIntegration;
  readonly integrationId: string;
  /** Tokens may end, but nothing is created or replaced. */
  readonly paused: boolean;
}

/** Already valid, so that the Secret never holds a token that doesn't work. */
export async function addPending(
  { context: { store, now }, integrationId }: TokenSubject,
  token: string,
): Promise<void> {
  await store.tokens.add({
    integrationId,
    keyId: keyIdOf(token),
    hash: hashToken(token),
    issuedAt: now().getTime(),
    expiresAt: undefined,
    pending: true,
  });
}

/** Makes the directory contain the kept pair and nothing else. */
export async function settle(subject: TokenSubject, { pair, isSettled }: KeptToken): Promise<void> {
  if (isSettled) return;
  const { tokens } = subject.context.store;
  announce(subject, await tokens.keepOnly(pair.current, pair.previous), pair);
}

/** Confirms the token that was just written to the Secret. Every other one ends, now or later. */
export async function confirmWritten(subject: TokenSubject, found: FoundToken): Promise<TokenPair> {
  const { context, integration, integrationId } = subject;
  const tokens = await context.store.tokens.list(integrationId);
  const now = context.now().getTime();
  const pair = pairOf({ integration, integrationId, found, tokens, now });
  await settle(subject, { pair, isSettled: false });
  return pair;
}

function announce(
  subject: TokenSubject,
  /** What the directory contained until then. */
  tokens: readonly TokenRecord[],
  { current, previous }: TokenPair,
): void {
  const {
    context: { events, now },
    integration,
  } = subject;
  const { name } = tokenSecretRefOf(integration);
  const before = tokens.find(
    ({ hash, pending, expiresAt }) => hash !== current.hash && !pending && expiresAt === undefined,
  );
  if (before !== undefined) {
    const end =
      previous === undefined
        ? 'ended'
        : `works until ${new Date(previous.expiresAt).toISOString()}`;
    events.record(integration, {
      type: 'Normal',
      reason: EVENT.TokenRotated,
      action: 'RotateToken',
      note: `The Secret ${name} now contains the token ${current.keyId}; the token ${before.keyId} ${end}`,
    });
  } else if (tokens.some(({ hash, pending }) => hash === current.hash && pending)) {
    events.record(integration, {
      type: 'Normal',
      reason: EVENT.TokenGenerated,
      action: 'GenerateToken',
      note: `Generated the token ${current.keyId} in the Secret ${name}`,
    });
  } else if (current.issuedAt + overlapOf(integration) <= now().getTime()) {
    // An earlier event may have announced a later end.
    const ended = tokens.find(
      ({ hash, expiresAt = 0 }) => hash !== current.hash && expiresAt > now().getTime(),
    );
    if (ended !== undefined)
      announceEarlyEnd(subject, ended, 'spec.token.rotation.overlap was shortened');
  }
}

/** Ends the new token that could not be written to a Secret, if it was added at all. */
export async function dropPending({
  context: { store },
  integrationId,
}: TokenSubject): Promise<void> {
  const tokens = await store.tokens.list(integrationId);
  if (tokens.length > 0) await store.tokens.revokeAll(integrationId);
}

/** Makes room for a new token, because never more than two are valid. */
export async function endPrevious(
  { context: { store } }: TokenSubject,
  { current, previous }: TokenPair,
): Promise<void> {
  if (previous !== undefined) await store.tokens.keepOnly(current);
}

/** Undoes `endPrevious`, and ends the new token that could not be written. */
export async function restorePrevious(
  { context: { store } }: TokenSubject,
  { current, previous }: TokenPair,
): Promise<void> {
  if (previous !== undefined) await store.tokens.add(previous);
  await store.tokens.keepOnly(current, previous);
}

/** A rotation within an overlap, or a shorter one, ends the previous token early. */
export function announceEarlyEnd(
  { context: { events }, integration }: TokenSubject,
  { keyId }: TokenRecord,
  why: string,
): void {
  events.record(integration, {
    type: 'Warning',
    reason: EVENT.TokenRevoked,
    action: 'RevokeToken',
    note: `The token ${keyId} ended before its overlap did, because ${why}`,
  });
}

/** Ends every token, because no Secret contains one of them. */
export async function revoke({
  context: { store, events },
  integration,
  integrationId,
}: TokenSubject): Promise<void> {
  await store.tokens.revokeAll(integrationId);
  const { tokenKeyId } = integration.status ?? {};
  // Without a key id in the status, the hash is left over from an attempt that didn't finish, and
  // nobody had that token.
  if (tokenKeyId === undefined) return;
  const { name } = tokenSecretRefOf(integration);
  events.record(integration, {
    type: 'Warning',
    reason: EVENT.TokenRevoked,
    action: 'RevokeToken',
    note: `The token ${tokenKeyId} was revoked, because the Secret ${name} does not contain it`,
  });
}
