/**
 * Writes of the Secret that the operator manages. The token has a field manager of its own, and the
 * rest of the Secret has another.
 */
import type { KubeIntegration } from '../../crd/objects.ts';
import { EVENT } from '../../crd/reasons.ts';
import { contains } from '../../kube/drift.ts';
import { ApiError, isNotFound } from '../../kube/errors.ts';
import type { Secret } from '../../kube/objects.ts';
import { keyOf, SECRETS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { announceMade, integrationMaker } from '../made-objects.ts';
import { FIELD_MANAGER, TOKEN_FIELD_MANAGER } from '../ownership.ts';
import type { TokenSubject } from './hashes.ts';
import {
  buildSecretFrame,
  buildTokenChange,
  buildTokenSecret,
  type TokenOrigin,
} from './objects.ts';

/**
 * Fails with AlreadyExists if somebody else was faster. The next reconcile then reads what they
 * wrote.
 */
export async function createTokenSecret(
  context: OperatorContext,
  integration: KubeIntegration,
  token: string,
  origin: TokenOrigin,
): Promise<Secret> {
  const secret = buildTokenSecret(integration, token, origin);
  const maker = integrationMaker(context, integration.metadata);
  await announceMade(context, maker, SECRETS, secret.metadata.name);
  return context.client.create(SECRETS, secret, TOKEN_FIELD_MANAGER);
}

/**
 * Fails with Conflict if the Secret has changed since it was read, or is gone. With `dryRun`,
 * nothing is written.
 */
export async function replaceToken(
  { client }: OperatorContext,
  secret: Secret,
  token: string,
  origin: TokenOrigin,
  dryRun = false,
): Promise<Secret> {
  const { metadata, data } = buildTokenChange(token, origin);
  const { name, resourceVersion } = secret.metadata;
  const patch = { metadata: { ...metadata, resourceVersion }, data };
  const options = { fieldManager: TOKEN_FIELD_MANAGER, dryRun };
  try {
    return await client.mergePatch<Secret>(SECRETS, keyOf(secret), patch, options);
  } catch (error) {
    if (!isNotFound(error, name)) throw error;
    throw new ApiError(409, error.message, { reason: 'Conflict', objectName: name, cause: error });
  }
}

/**
 * Corrects everything but the token, and returns the Secret as it is afterwards. It fails with
 * Conflict if the Secret has changed since it was read, so that no other Secret of the name is
 * touched.
 */
export async function correctDrift(
  { context, integration, integrationId }: TokenSubject,
  endpoint: string,
  secret: Secret,
): Promise<Secret> {
  const frame = buildSecretFrame(integration, endpoint, integrationId);
  const owner = integration.metadata.uid;
  const { name } = frame.metadata;
  if (contains(secret, frame)) {
    context.contentions.settled(owner, SECRETS, name);
    return secret;
  }
  if (context.contentions.postponed(owner, SECRETS, name) !== undefined) return secret;
  const { uid = '', resourceVersion = '' } = secret.metadata;
  const metadata = { ...frame.metadata, uid, resourceVersion };
  const desired = { ...frame, metadata };
  const applied = await context.client.apply<Secret>(SECRETS, desired, FIELD_MANAGER);
  context.unlabelled.note(SECRETS, applied);
  const correction = { resource: SECRETS, before: secret, desired, written: applied };
  if (context.contentions.note(owner, correction) !== undefined) return applied;
  // A Secret that was just created is completed, not corrected.
  if (secret.data?.endpoint === undefined) return applied;
  context.events.record(integration, {
    type: 'Normal',
    reason: EVENT.DriftCorrected,
    action: 'CorrectDrift',
    note: `Corrected the Secret ${frame.metadata.name}`,
  });
  return applied;
}
