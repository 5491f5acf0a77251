/**
 * Carries out a plan for the token. The directory comes first: what lost its Secret ends, whatever
 * happens to the writes after that.
 */
import { isAlreadyExists, isConflict, isInvalid } from '../../kube/errors.ts';
import type { Secret } from '../../kube/objects.ts';
import { SECRETS } from '../../kube/resource.ts';
import { integrationMaker, rememberMade } from '../made-objects.ts';
import { removeFormerSecrets } from './former-secrets.ts';
import { revoke, settle, type TokenSubject } from './hashes.ts';
import { generate, rotate, type WrittenToken } from './issue.ts';
import { immutableSecret } from './obstacles.ts';
import { blocked, issued, type TokenOutcome, undone } from './outcome.ts';
import type { TokenPlan } from './plan.ts';
import { correctDrift, createTokenSecret } from './secret.ts';

export async function carryOut(
  subject: TokenSubject,
  endpoint: string,
  plan: TokenPlan,
): Promise<TokenOutcome> {
  if ('token' in plan) await settle(subject, plan.token);
  else if (plan.revokes) await revoke(subject);
  switch (plan.kind) {
    case 'confirmToken':
      return issued(subject, plan.token.pair);
    case 'keepTokenInFormerSecret':
      return { ...issued(subject, plan.token.pair), unmoved: true };
    case 'keepTokenDespiteObstacle':
      return blocked(subject, plan.obstacle, plan.token.pair);
    case 'revokeWithoutSecret':
      return blocked(subject, plan.obstacle);
    case 'useExistingToken':
      await removeFormerSecrets(subject.context, subject.integration);
      return issued(subject, plan.token.pair);
    case 'keepTokenWhilePaused':
      await rememberSecret(subject, plan.secret);
      return issued(subject, plan.token.pair);
    case 'keepToken':
      return maintain(subject, endpoint, { secret: plan.secret, pair: plan.token.pair });
    case 'rotateToken':
      return maintain(subject, endpoint, { secret: plan.secret, pair: plan.token.pair }, true);
    case 'moveTokenToNewSecret':
      return move(subject, endpoint, plan);
    case 'generateFirstToken':
      return generateAndMaintain(subject, endpoint);
    case 'replaceMalformedToken':
      return generateAndMaintain(subject, endpoint, plan.secret);
  }
}

async function move(
  subject: TokenSubject,
  endpoint: string,
  { former, token: { pair }, rotates }: Extract<TokenPlan, { kind: 'moveTokenToNewSecret' }>,
): Promise<TokenOutcome> {
  const { context, integration } = subject;
  let secret: Secret;
  try {
    secret = await createTokenSecret(context, integration, former.token, former);
  } catch (error) {
    if (isConflict(error) || isAlreadyExists(error)) throw error;
    return { ...undone(subject, pair, error), unmoved: true };
  }
  return maintain(subject, endpoint, { secret, pair }, rotates);
}

async function generateAndMaintain(
  subject: TokenSubject,
  endpoint: string,
  secret?: Secret,
): Promise<TokenOutcome> {
  const generated = await generate(subject, secret);
  return 'kind' in generated ? generated : maintain(subject, endpoint, generated);
}

/** Rotates the token if asked to, and corrects the rest. A failure leaves the token working. */
async function maintain(
  subject: TokenSubject,
  endpoint: string,
  before: WrittenToken,
  rotates = false,
): Promise<TokenOutcome> {
  const { context, readSecrets, integration, integrationId } = subject;
  const { secret } = before;
  await rememberSecret(subject, secret);
  let now = before;
  try {
    if (rotates) now = await rotate(subject, before);
    const written = await correctDrift(subject, endpoint, now.secret);
    await removeFormerSecrets(context, integration);
    readSecrets.note(integration, integrationId, endpoint, written);
    return issued(subject, now.pair);
  } catch (error) {
    if (isConflict(error)) throw error;
    if (isInvalid(error) && secret.immutable === true)
      return blocked(subject, immutableSecret(secret, error), now.pair);
    return now === before
      ? undone(subject, before.pair, error)
      : { ...issued(subject, now.pair), error };
  }
}

async function rememberSecret(
  { context, integration }: TokenSubject,
  secret: Secret,
): Promise<void> {
  await rememberMade(context, integrationMaker(context, integration.metadata), SECRETS, secret);
}
