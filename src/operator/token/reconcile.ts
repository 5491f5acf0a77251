/**
 * The token and its Secret. Order of writes: the hash goes into the directory, already valid; then
 * the Secret is written; then the hash is confirmed and every other one ends, now or with its
 * overlap. A crash anywhere leaves a token that works, or none and no Secret, and the next
 * reconcile completes it.
 */
import { secretNameOf } from '../../crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import { generateToken, hashToken } from '../../directory/tokens.ts';
import { getIfExists } from '../../kube/client.ts';
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isDeclined,
  isForbidden,
  isInvalid,
  isRefused,
} from '../../kube/errors.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import { type KubeObject, keyOf, SECRETS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { integrationMaker, rememberMade } from '../made-objects.ts';
import { type Obstacle, obstacleFrom } from '../obstacle.ts';
import { isGoing, otherHolder } from '../ownership.ts';
import { checkSecret, type FoundToken, foundToken } from './check-secret.ts';
import { reconcileExistingSecret } from './existing-secret.ts';
import { findFormerToken, removeFormerSecrets } from './former-secrets.ts';
import {
  addPending,
  adopt,
  announceEarlyEnd,
  dropPending,
  endPrevious,
  isForeign,
  restorePrevious,
  revoke,
  type TokenSubject,
} from './hashes.ts';
import { base64 } from './objects.ts';
import { blocked, issued, type TokenOutcome, undone } from './outcome.ts';
import { handledRotate, isRotationDue, type TokenPair } from './rotation.ts';
import { correctDrift, createTokenSecret, replaceToken } from './secret.ts';

/** `paused` still ends what has lost its Secret, but makes and replaces nothing. */
export async function reconcileToken(
  subject: TokenSubject,
  endpoint: string,
): Promise<TokenOutcome> {
  const { context, integration, paused } = subject;
  const existing = integration.spec?.token?.existingSecret;
  if (existing !== undefined) return reconcileExistingSecret(subject, existing);
  const confirmed = await confirm(subject, endpoint);
  if (confirmed !== undefined) return confirmed;
  const settled = await settle(subject);
  if (settled.kind !== 'held') return settled;
  const { secret } = settled;
  if (secret === undefined) return { ...issued(subject, settled.pair), unmoved: true };
  const maker = integrationMaker(context, integration.metadata);
  await rememberMade(context, maker, SECRETS, secret);
  return paused ? issued(subject, settled.pair) : maintain(subject, endpoint, settled, secret);
}

/** What can't be written leaves a token that works as it is. */
async function maintain(
  subject: TokenSubject,
  endpoint: string,
  { found, pair }: Held,
  secret: Secret,
): Promise<TokenOutcome> {
  const { context, readSecrets, integration, integrationId } = subject;
  let now: Rotated = { secret, pair };
  try {
    now = await rotateIfDue(subject, found, now);
    const written = await correctDrift(subject, endpoint, now.secret);
    await removeFormerSecrets(context, integration);
    readSecrets.note(integration, integrationId, endpoint, written);
    return issued(subject, now.pair);
  } catch (error) {
    if (isConflict(error)) throw error;
    if (isInvalid(error) && secret.immutable === true)
      return blocked(subject, immutableSecret(secret, error), now.pair);
    return now.pair === pair
      ? undone(subject, pair, error)
      : { ...issued(subject, now.pair), error };
  }
}

/** The way that costs no token comes first. */
function immutableSecret({ metadata }: Secret, { message }: Error): Obstacle {
  return {
    reason: REASON.SecretConflict,
    message:
      `Secret ${metadata.name} is immutable, so that nothing can be written to it; set ` +
      'spec.token.secretName to another name, and the token moves to a new Secret, or delete ' +
      `this one to get a new token: ${message}`,
  };
}

/**
 * The Secret is as it was read, and nothing is due: only the directory is to agree. Undefined where
 * there is more to do.
 */
async function confirm(subject: TokenSubject, endpoint: string): Promise<TokenOutcome | undefined> {
  const { context, readSecrets, integration, paused } = subject;
  const found = readSecrets.recall(integration, endpoint);
  if (found === undefined) return undefined;
  if (await isForeign(subject, found.hash)) return undefined;
  const pair = await adopt(subject, found);
  const isDue = isRotationDue(integration, pair, found.rotated, context.now().getTime());
  return isDue && !paused ? undefined : issued(subject, pair);
}

interface Held {
  readonly kind: 'held';
  readonly found: FoundToken;
  readonly pair: TokenPair;
  /** That holds the token, where it is the one that the spec names. */
  readonly secret: Secret | undefined;
}

type Settled = Held | TokenOutcome;

async function settle(subject: TokenSubject): Promise<Settled> {
  const { context, integration } = subject;
  const key = { namespace: integration.metadata.namespace, name: secretNameOf(integration) };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  const verdict = checkSecret(secret, integration, (found) =>
    otherHolder(found, integration, context.caches.integrations.list()),
  );
  switch (verdict.kind) {
    case 'current':
      return keep(subject, verdict, secret);
    case 'malformed':
      return replace(subject, secret);
    case 'going':
      return yieldTo(subject, verdict.obstacle);
    case 'conflict':
      return yieldTo(subject, verdict.obstacle, secret);
    case 'missing': {
      const former = await findFormerToken(context, integration);
      return former === undefined ? replace(subject, undefined) : move(subject, former);
    }
  }
}

const FOREIGN_TOKEN: Obstacle = {
  reason: REASON.InvalidToken,
  message:
    'the token in the Secret belongs to another integration; delete the Secret to get a new one',
};

const NO_TOKEN: Obstacle = {
  reason: REASON.SecretMissing,
  message: 'there is no token, and none is made now',
};

async function keep(
  subject: TokenSubject,
  found: FoundToken,
  secret: Secret | undefined,
): Promise<Settled> {
  if (await isForeign(subject, found.hash)) {
    await revoke(subject);
    return blocked(subject, FOREIGN_TOKEN);
  }
  return { kind: 'held', found, pair: await adopt(subject, found), secret };
}

/** The token is written apart from the rest of its Secret. */
const TOKEN_PART = 'token';

const changedByOthers = (message: string): Obstacle => ({
  reason: REASON.ChangedByOthers,
  message,
});

/**
 * Answers what people should know where the Secret came back with another token than was written.
 */
function noteToken(
  { context, integration }: TokenSubject,
  before: Secret | undefined,
  written: Secret,
  token: string,
): string | undefined {
  return context.contentions.note<Secret>(integration.metadata.uid, {
    resource: SECRETS,
    before,
    desired: {
      metadata: { name: secretNameOf(integration) },
      data: { token: base64(token) },
    },
    written,
    part: TOKEN_PART,
  });
}

/** `secret` is ours with something that is no token; undefined: there is none. */
async function replace(subject: TokenSubject, secret: Secret | undefined): Promise<Settled> {
  await revoke(subject);
  const { context, integration } = subject;
  const owner = integration.metadata.uid;
  const name = secretNameOf(integration);
  if (subject.paused) return blocked(subject, NO_TOKEN);
  const postponed = context.contentions.postponed(owner, SECRETS, name, TOKEN_PART);
  if (postponed !== undefined) return blocked(subject, changedByOthers(postponed));
  await expectStillThere(context, integration);
  const next = draft(subject);
  try {
    if (secret !== undefined) await rehearse(subject, secret, next);
    const settled = await issue(subject, secret, next);
    const lost = noteToken(subject, secret, settled.secret, next.token);
    if (lost === undefined) return settled;
    await revoke(subject);
    return blocked(subject, changedByOthers(lost));
  } catch (error) {
    if (isDeclined(error)) await dropPending(subject);
    if (isInvalid(error) && secret?.immutable === true)
      return blocked(subject, immutableSecret(secret, error));
    if (!isForbidden(error) && !isRefused(error)) throw error;
    return { ...blocked(subject, notWritten(subject, error)), error };
  }
}

/** The status says it of the token too: what it had before is revoked. */
function notWritten({ integration }: TokenSubject, error: unknown): Obstacle {
  if (!isRefused(error)) return obstacleFrom(error);
  const name = secretNameOf(integration);
  return {
    reason: REASON.SecretMissing,
    message:
      `the Secret ${name} with a new token could not be written, because the cluster's ` +
      `${error.refusedBy} is against it; change that, or what it objects to`,
  };
}

/** Somebody else's Secret is in the way, or one that is going. */
async function yieldTo(
  subject: TokenSubject,
  obstacle: Obstacle,
  secret?: Secret | undefined,
): Promise<Settled> {
  const { context, integration } = subject;
  const held =
    (await findFormerToken(context, integration)) ?? (await findOwnToken(subject, secret));
  if (held !== undefined && !(await isForeign(subject, held.hash)))
    return blocked(subject, obstacle, await adopt(subject, held));
  await revoke(subject);
  return blocked(subject, obstacle);
}

/**
 * A Secret that lost its labels, say, is not ours to touch, but still where people read the token.
 */
async function findOwnToken(
  { context: { store }, integrationId }: TokenSubject,
  secret: Secret | undefined,
): Promise<FoundToken | undefined> {
  const token = secret && textOf(secret, 'token');
  if (token === undefined) return undefined;
  const isOwn = (await store.tokens.owner(hashToken(token))) === integrationId;
  return isOwn ? foundToken(token) : undefined;
}

/** `spec.token.secretName` changed: the same token goes to the new Secret. */
async function move(subject: TokenSubject, former: FoundToken): Promise<Settled> {
  const { context, integration, paused } = subject;
  const kept = await keep(subject, former, undefined);
  if (kept.kind !== 'held' || paused) return kept;
  try {
    const secret = await createTokenSecret(context, integration, former.token, former);
    return { ...kept, secret };
  } catch (error) {
    if (isConflict(error) || isAlreadyExists(error)) throw error;
    return { ...undone(subject, kept.pair, error), unmoved: true };
  }
}

/** A new token, which takes the place of `former`. */
function draft({ context, integration }: TokenSubject, former?: FoundToken): FoundToken {
  return foundToken(
    generateToken(),
    handledRotate(integration) || undefined,
    former && { keyId: former.keyId, at: context.now().getTime() },
  );
}

/**
 * The token goes into a new Secret, or into the one that is there; the integration was just read
 * live.
 */
async function issue(
  subject: TokenSubject,
  secret: Secret | undefined,
  found: FoundToken,
): Promise<Held & { readonly secret: Secret }> {
  const { context, integration } = subject;
  await addPending(subject, found.token);
  const written =
    secret === undefined
      ? await createTokenSecret(context, integration, found.token, found)
      : await replaceToken(context, secret, found.token, found);
  return { kind: 'held', found, pair: await adopt(subject, found), secret: written };
}

/** Throws where the token can't be written: nothing ends before its replacement can. */
async function rehearse(
  { context }: TokenSubject,
  secret: Secret,
  found: FoundToken,
): Promise<void> {
  await replaceToken(context, secret, found.token, found, true);
}

interface Rotated {
  readonly secret: Secret;
  readonly pair: TokenPair;
}

async function rotateIfDue(
  subject: TokenSubject,
  found: FoundToken,
  { secret, pair }: Rotated,
): Promise<Rotated> {
  const { context, integration } = subject;
  const now = context.now().getTime();
  if (!isRotationDue(integration, pair, found.rotated, now)) return { secret, pair };
  await expectCurrent(context, integration);
  const next = draft(subject, found);
  await rehearse(subject, secret, next);
  await endPrevious(subject, pair);
  try {
    const rotated = await issue(subject, secret, next);
    announceEarlyEnd(subject, pair);
    return rotated;
  } catch (error) {
    if (isDeclined(error)) await restorePrevious(subject, pair);
    throw error;
  }
}

/**
 * Where the cache is behind, the namespace may be somebody else's by now, who must not read a token
 * of the one before.
 */
async function expectStillThere(
  { client }: OperatorContext,
  { metadata }: KubeIntegration,
): Promise<void> {
  const { namespace, name, uid } = metadata;
  const live = await client.get<KubeObject>(SCIM_INTEGRATIONS, { namespace, name });
  if (live.metadata.uid === uid && !isGoing(live)) return;
  throw new ApiError(409, `the integration ${name} is gone`, { reason: 'Conflict' });
}

/**
 * A token is never replaced because a cache is behind: what it doesn't know yet may be that it was
 * replaced already.
 */
async function expectCurrent({ client }: OperatorContext, cached: KubeIntegration): Promise<void> {
  const live = await getIfExists<KubeIntegration>(client, SCIM_INTEGRATIONS, keyOf(cached));
  if (live?.metadata.resourceVersion === cached.metadata.resourceVersion) return;
  throw new ApiError(409, 'the integration has changed since it was read', { reason: 'Conflict' });
}
