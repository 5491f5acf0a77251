/** A token in a Secret that people keep: it is read, and never written. */

import type { SecretKeyRef } from '../../crd/defaults.ts';
import { LABEL_INTEGRATION, LABEL_TOKEN } from '../../crd/names.ts';
import { REASON, type Reason } from '../../crd/reasons.ts';
import {
  generateKeyId,
  isAcceptableToken,
  isWellFormedToken,
  keyIdOf,
} from '../../directory/tokens.ts';
import { getIfExists } from '../../kube/client.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import { SECRETS } from '../../kube/resource.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing, isMadeByOperator, whatHolds } from '../ownership.ts';
import { type FoundToken, foundToken } from './check-secret.ts';
import { findFormerToken, removeFormerSecrets } from './former-secrets.ts';
import { adopt, isForeign, revoke, type TokenSubject } from './hashes.ts';
import { blocked, issued, type TokenOutcome } from './outcome.ts';

type ExistingVerdict =
  | { readonly kind: 'usable'; readonly token: string }
  | { readonly kind: 'unusable'; readonly obstacle: Obstacle };

/**
 * The label is its keeper's consent. Without it nothing is told of the Secret, not even that it
 * exists.
 */
export function checkExistingSecret(
  secret: Secret | undefined,
  { name, key }: SecretKeyRef,
): ExistingVerdict {
  if (secret !== undefined && isMadeByOperator(secret)) {
    const whose = secret.metadata.labels?.[LABEL_INTEGRATION];
    return unusable(
      REASON.SecretConflict,
      `Secret ${name} is one that the operator ` +
        `made${whose === undefined ? '' : ` for ScimIntegration ${whose}`}; name a Secret that ` +
        'you keep, or remove spec.token.existingSecret',
    );
  }
  if (secret?.metadata.labels?.[LABEL_TOKEN] !== 'true') {
    return unusable(
      REASON.SecretMissing,
      `there is no Secret ${name} with the label ${LABEL_TOKEN}: "true"; create it, or label ` +
        'it if it is there',
    );
  }
  if (isGoing(secret)) {
    return unusable(
      REASON.SecretMissing,
      `no token of Secret ${name} counts any more, because it ${whatHolds(secret)}; create ` +
        'it again when it is gone, or name another one in spec.token.existingSecret',
    );
  }
  const token = textOf(secret, key);
  if (token === undefined) {
    return unusable(
      REASON.InvalidToken,
      `Secret ${name} has no key ${key}; add it, or correct spec.token.existingSecret.key`,
    );
  }
  return isAcceptableToken(token)
    ? { kind: 'usable', token }
    : unusable(
        REASON.InvalidToken,
        `the key ${key} of Secret ${name} does not hold 32 to 1,024 visible ASCII ` +
          'characters; write a token without spaces and without a line break at its end',
      );
}

function unusable(reason: Reason, message: string): ExistingVerdict {
  return { kind: 'unusable', obstacle: { reason, message } };
}

/** Of several that name one Secret the first one has its token, and keeps it. */
async function foreignToken(
  { context: { store, caches }, integration }: TokenSubject,
  { name }: SecretKeyRef,
  hash: string,
): Promise<Obstacle> {
  const holder = await store.integrations.get((await store.tokens.owner(hash)) ?? '');
  const { namespace } = integration.metadata;
  const isNeighbour =
    holder?.namespace === namespace &&
    caches.integrations.get({ namespace, name: holder.name })?.metadata.uid === holder.uid;
  const whose = isNeighbour ? `ScimIntegration ${holder.name}` : 'another integration';
  return {
    reason: REASON.InvalidToken,
    message:
      `the token in Secret ${name} belongs to ${whose}; keep one of its own in another Secret, ` +
      'and name that in spec.token.existingSecret',
  };
}

/** Whatever the Secret does not hold any more ends at once. */
export async function reconcileExistingSecret(
  subject: TokenSubject,
  ref: SecretKeyRef,
): Promise<TokenOutcome> {
  const { context, integration, paused } = subject;
  const key = { namespace: integration.metadata.namespace, name: ref.name };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  const verdict = checkExistingSecret(secret, ref);
  if (verdict.kind === 'unusable') return refuse(subject, verdict.obstacle);
  const found = foundIn(verdict.token);
  if (await isForeign(subject, found.hash)) {
    return refuse(subject, await foreignToken(subject, ref, found.hash));
  }
  const pair = await adopt(subject, found);
  if (!paused) await removeFormerSecrets(context, integration);
  return issued(subject, pair);
}

function foundIn(token: string): FoundToken {
  const keyId = isWellFormedToken(token) ? keyIdOf(token) : generateKeyId();
  return { ...foundToken(token), keyId };
}

/** A generated token works on while its own Secret is there: a wrong reference costs no sync. */
async function refuse(subject: TokenSubject, obstacle: Obstacle): Promise<TokenOutcome> {
  const { context, integration, integrationId } = subject;
  const former = await findFormerToken(context, integration);
  const tokens = await context.store.tokens.list(integrationId);
  if (former !== undefined && tokens.some(({ hash }) => hash === former.hash)) {
    return blocked(subject, obstacle, await adopt(subject, former));
  }
  await revoke(subject);
  return blocked(subject, obstacle);
}
