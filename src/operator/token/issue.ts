/**
 * Puts a new token into the Secret. The order of its writes ensures that a crash between any two of
 * them leaves a token that works, or neither a token nor a Secret:
 *
 *     1. API server   read the ScimIntegration again: is the cache behind?
 *     2. API server   rehearse the write as a dry run, if there is a Secret to write to
 *     3. directory    end the token that is in its overlap, if there is one
 *     4. directory    add the new hash, pending and already valid
 *     5. API server   create the Secret, or write the token if the Secret is still as it was read
 *     6. directory    confirm the new hash; end every other one now or with its overlap
 *
 * Only a rotation has something to end in steps 3 and 6. Before a first token, every other one has
 * been revoked.
 */
import { secretNameOf } from '../../crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { generateToken } from '../../directory/tokens.ts';
import { getIfExists } from '../../kube/client.ts';
import { ApiError, isDeclined, isForbidden, isInvalid, isRefused } from '../../kube/errors.ts';
import type { Secret } from '../../kube/objects.ts';
import { type KubeObject, keyOf, SECRETS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { isGoing } from '../ownership.ts';
import { type FoundToken, foundToken } from './check-secret.ts';
import {
  addPending,
  announceEarlyEnd,
  confirmWritten,
  dropPending,
  endPrevious,
  restorePrevious,
  revoke,
  type TokenSubject,
} from './hashes.ts';
import { base64, TOKEN_PART } from './objects.ts';
import { changedByOthers, immutableSecret, notWritten } from './obstacles.ts';
import { type BlockedToken, blocked } from './outcome.ts';
import { handledRotate, type TokenPair } from './rotation.ts';
import { createTokenSecret, replaceToken } from './secret.ts';

export interface WrittenToken {
  /** As it was read or written last. */
  readonly secret: Secret;
  readonly pair: TokenPair;
}

/**
 * Generates the first token after everything was revoked. `secret` is the integration's but
 * contains no token; undefined if there is no Secret.
 */
export async function generate(
  subject: TokenSubject,
  secret?: Secret,
): Promise<WrittenToken | BlockedToken> {
  const { context, integration } = subject;
  await expectStillThere(context, integration);
  const next = draft(subject);
  try {
    if (secret !== undefined) await rehearse(subject, secret, next);
    const written = await issue(subject, secret, next);
    const lost = noteToken(subject, secret, written.secret, next.token);
    if (lost === undefined) return written;
    await revoke(subject);
    return blocked(subject, changedByOthers(lost));
  } catch (error) {
    if (isDeclined(error)) await dropPending(subject);
    if (isInvalid(error) && secret?.immutable === true)
      return blocked(subject, immutableSecret(secret, error));
    if (!isForbidden(error) && !isRefused(error)) throw error;
    return { ...blocked(subject, notWritten(integration, error)), error };
  }
}

/** Throws if the token can't be written. In that case nothing has ended. */
export async function rotate(
  subject: TokenSubject,
  { secret, pair }: WrittenToken,
): Promise<WrittenToken> {
  const { context, integration } = subject;
  await expectCurrent(context, integration);
  const next = draft(subject, pair.current.keyId);
  await rehearse(subject, secret, next);
  await endPrevious(subject, pair);
  try {
    const rotated = await issue(subject, secret, next);
    if (pair.previous !== undefined)
      announceEarlyEnd(subject, pair.previous, `the token ${pair.current.keyId} was rotated`);
    return rotated;
  } catch (error) {
    if (isDeclined(error)) await restorePrevious(subject, pair);
    throw error;
  }
}

/** A new token. `replaced` is the key id of the token that it is rotated from. */
function draft({ context, integration }: TokenSubject, replaced?: string): FoundToken {
  return foundToken(
    generateToken(),
    handledRotate(integration) || undefined,
    replaced === undefined ? undefined : { keyId: replaced, at: context.now().getTime() },
  );
}

async function issue(
  subject: TokenSubject,
  secret: Secret | undefined,
  found: FoundToken,
): Promise<WrittenToken> {
  const { context, integration } = subject;
  await addPending(subject, found.token);
  const written =
    secret === undefined
      ? await createTokenSecret(context, integration, found.token, found)
      : await replaceToken(context, secret, found.token, found);
  return { secret: written, pair: await confirmWritten(subject, found) };
}

/** Throws if the token can't be written, so that nothing ends before its replacement can exist. */
async function rehearse(
  { context }: TokenSubject,
  secret: Secret,
  found: FoundToken,
): Promise<void> {
  await replaceToken(context, secret, found.token, found, true);
}

/** Returns a message for users if the Secret came back with another token than was written. */
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

/**
 * If the cache is behind, the namespace may have another owner by now, who must not read a token of
 * the previous one.
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
 * A token is never replaced because a cache is behind: the rotation that it asks for may have
 * happened already.
 */
async function expectCurrent({ client }: OperatorContext, cached: KubeIntegration): Promise<void> {
  const live = await getIfExists<KubeIntegration>(client, SCIM_INTEGRATIONS, keyOf(cached));
  if (live?.metadata.resourceVersion === cached.metadata.resourceVersion) return;
  throw new ApiError(409, 'the integration has changed since it was read', { reason: 'Conflict' });
}
