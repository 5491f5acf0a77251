/**
 * The token and its Secret. Order of writes: the hash goes into the directory, already valid; then the Secret is written; then the hash is
 * confirmed and every other one ends, now or with its overlap. A crash anywhere leaves a token that works, or none and no Secret, and the
 * next reconcile completes it.
 */
import { secretNameOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { REASON, SCIM_INTEGRATIONS } from '../crd/names.ts';
import { generateToken, hashToken } from '../directory/tokens.ts';
import { ApiError, isForbidden, isRefused } from '../kube/errors.ts';
import { type KubeObject, keyOf, SECRETS } from '../kube/resource.ts';
import {
  checkSecret,
  type FoundToken,
  foundToken,
  type Obstacle,
  type SecretVerdict,
  textOf,
} from './checks.ts';
import { getIfExists, isLive, type OperatorContext } from './context.ts';
import { reconcileExistingSecret } from './existing-secret.ts';
import { obstacleFrom } from './failure.ts';
import { findFormerToken, mayHaveFormerSecrets, removeFormerSecrets } from './former-secrets.ts';
import type { Secret } from './objects.ts';
import { handledRotate, isRotationDue, type TokenPair } from './rotation.ts';
import {
  addPending,
  adopt,
  endPrevious,
  isForeign,
  revoke,
  type TokenSubject,
} from './token-hashes.ts';
import { issued, type TokenOutcome } from './token-outcome.ts';
import { correctDrift, createTokenSecret, replaceToken } from './token-secret.ts';

/** `paused` still ends what has lost its Secret, but makes and replaces nothing. */
export async function reconcileToken(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  endpoint: string,
  paused: boolean,
): Promise<TokenOutcome> {
  const subject: TokenSubject = { context, integration, integrationId, paused };
  const existing = integration.spec?.token?.existingSecret;
  if (existing !== undefined) return reconcileExistingSecret(subject, existing);
  const confirmed = await confirm(subject, endpoint);
  if (confirmed !== undefined) return confirmed;
  const settled = await settle(subject);
  if (settled.kind === 'obstacle') return settled;
  if (settled.secret === undefined) return { ...issued(subject, settled.pair), unmoved: true };
  if (paused) return issued(subject, settled.pair);
  const { secret, pair } = await rotateIfDue(subject, settled, settled.secret);
  const written = await correctDrift(subject, endpoint, secret);
  await removeFormerSecrets(context, integration);
  context.readSecrets.note(integration, integrationId, endpoint, written);
  return issued(subject, pair);
}

/** The Secret is as it was read, and nothing is due: only the directory is to agree. Undefined where there is more to do. */
async function confirm(subject: TokenSubject, endpoint: string): Promise<TokenOutcome | undefined> {
  const { context, integration, paused } = subject;
  const found = context.readSecrets.recall(integration, endpoint);
  if (found === undefined || mayHaveFormerSecrets(context, integration)) return undefined;
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

type Settled = Held | Extract<TokenOutcome, { kind: 'obstacle' }>;

const obstacle = (found: Obstacle, ended: boolean): Settled => ({
  kind: 'obstacle',
  obstacle: found,
  ended,
});

async function settle(subject: TokenSubject): Promise<Settled> {
  const { context, integration } = subject;
  const key = { namespace: integration.metadata.namespace, name: secretNameOf(integration) };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  const verdict = checkSecret(secret, integration, (uid) => isLive(context.caches, uid));
  switch (verdict.kind) {
    case 'current':
      return keep(subject, verdict, secret);
    case 'malformed':
      return replace(subject, secret);
    case 'conflict':
      return yieldTo(subject, verdict, secret);
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
    return obstacle(FOREIGN_TOKEN, true);
  }
  return { kind: 'held', found, pair: await adopt(subject, found), secret };
}

/** `secret` is ours with something that is no token; undefined: there is none. */
async function replace(subject: TokenSubject, secret: Secret | undefined): Promise<Settled> {
  await revoke(subject);
  if (subject.paused) return obstacle(NO_TOKEN, true);
  await expectStillThere(subject.context, subject.integration);
  try {
    return await issue(subject, secret);
  } catch (error) {
    if (!isForbidden(error) && !isRefused(error)) throw error;
    return { kind: 'obstacle', obstacle: notWritten(subject, error), ended: true, error };
  }
}

/** The status says it of the token too: what it had before is revoked. */
function notWritten({ integration }: TokenSubject, error: unknown): Obstacle {
  if (!isRefused(error)) return obstacleFrom(error);
  const name = secretNameOf(integration);
  return {
    reason: REASON.SecretMissing,
    message: `the Secret ${name} with a new token could not be written, because the cluster's ${error.refusedBy} is against it; change that, or what it objects to`,
  };
}

/** Somebody else's Secret is in the way. */
async function yieldTo(
  subject: TokenSubject,
  conflict: Extract<SecretVerdict, { kind: 'conflict' }>,
  secret: Secret | undefined,
): Promise<Settled> {
  const { context, integration } = subject;
  const held =
    (await findFormerToken(context, integration)) ?? (await findOwnToken(subject, secret));
  if (held !== undefined && !(await isForeign(subject, held.hash))) {
    await adopt(subject, held);
    return obstacle(conflict.obstacle, false);
  }
  await revoke(subject);
  return obstacle(conflict.obstacle, true);
}

/** A Secret that lost its labels, say, is not ours to touch, but still where people read the token. */
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
  if (kept.kind === 'obstacle' || paused) return kept;
  return { ...kept, secret: await createTokenSecret(context, integration, former.token, former) };
}

/** A new token, into a new Secret or into the one that is there, where it takes the place of `former`; the integration was just read live. */
async function issue(
  subject: TokenSubject,
  secret: Secret | undefined,
  former?: FoundToken,
): Promise<Held & { readonly secret: Secret }> {
  const { context, integration } = subject;
  const token = generateToken();
  const rotated = handledRotate(integration) || undefined;
  const replaced = former && { keyId: former.keyId, at: context.now().getTime() };
  await addPending(subject, token);
  const written =
    secret === undefined
      ? await createTokenSecret(context, integration, token, { rotated })
      : await replaceToken(context, secret, token, { rotated, replaced });
  const found = foundToken(token, rotated, replaced);
  return { kind: 'held', found, pair: await adopt(subject, found), secret: written };
}

async function rotateIfDue(
  subject: TokenSubject,
  { found, pair }: Held,
  secret: Secret,
): Promise<{ readonly secret: Secret; readonly pair: TokenPair }> {
  const { context, integration } = subject;
  const now = context.now().getTime();
  if (!isRotationDue(integration, pair, found.rotated, now)) return { secret, pair };
  await expectCurrent(context, integration);
  await endPrevious(subject, pair);
  return issue(subject, secret, found);
}

/** Where the cache is behind, the namespace may be somebody else's by now, who must not read a token of the one before. */
async function expectStillThere(
  { client }: OperatorContext,
  { metadata }: KubeIntegration,
): Promise<void> {
  const { namespace, name, uid } = metadata;
  const live = await client.get<KubeObject>(SCIM_INTEGRATIONS, { namespace, name });
  if (live.metadata.uid === uid) return;
  throw new ApiError(409, `another integration ${name} took its place`, { reason: 'Conflict' });
}

/** A token is never replaced because a cache is behind: what it doesn't know yet may be that it was replaced already. */
async function expectCurrent({ client }: OperatorContext, cached: KubeIntegration): Promise<void> {
  const live = await getIfExists<KubeIntegration>(client, SCIM_INTEGRATIONS, keyOf(cached));
  if (live?.metadata.resourceVersion === cached.metadata.resourceVersion) return;
  throw new ApiError(409, 'the integration has changed since it was read', { reason: 'Conflict' });
}
