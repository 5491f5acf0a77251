/** A token in a Secret that people keep: it is read, and never written. */

import type { SecretKeyRef } from '../crd/defaults.ts';
import { LABEL_MANAGED_BY, LABEL_TOKEN, MANAGED_BY, REASON, type Reason } from '../crd/names.ts';
import {
  generateKeyId,
  isAcceptableToken,
  isWellFormedToken,
  keyIdOf,
} from '../directory/tokens.ts';
import { SECRETS } from '../kube/resource.ts';
import { type FoundToken, foundToken, type Obstacle, textOf, uidOn } from './checks.ts';
import { getIfExists } from './context.ts';
import { findFormerToken, removeFormerSecrets } from './former-secrets.ts';
import type { Secret } from './objects.ts';
import { adopt, isForeign, revoke, type TokenSubject } from './token-hashes.ts';
import { issued, type TokenOutcome } from './token-outcome.ts';

export type ExistingVerdict =
  | { readonly kind: 'usable'; readonly token: string }
  | { readonly kind: 'unusable'; readonly obstacle: Obstacle };

/** The label is its keeper's consent. Without it nothing is told of the Secret, not even that it exists. */
export function checkExistingSecret(
  secret: Secret | undefined,
  { name, key }: SecretKeyRef,
): ExistingVerdict {
  if (secret !== undefined && isMadeByOperator(secret)) {
    return unusable(
      REASON.SecretConflict,
      `Secret ${name} is one that the operator made; name a Secret that you keep, or remove spec.token.existingSecret`,
    );
  }
  if (secret?.metadata.labels?.[LABEL_TOKEN] !== 'true') {
    return unusable(
      REASON.SecretMissing,
      `there is no Secret ${name} with the label ${LABEL_TOKEN}: "true"; create it, or label it if it is there`,
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
        `the key ${key} of Secret ${name} does not hold 32 to 1,024 visible ASCII characters; write a token without spaces and without a line break at its end`,
      );
}

function isMadeByOperator(secret: Secret): boolean {
  return secret.metadata.labels?.[LABEL_MANAGED_BY] === MANAGED_BY || uidOn(secret) !== undefined;
}

function unusable(reason: Reason, message: string): ExistingVerdict {
  return { kind: 'unusable', obstacle: { reason, message } };
}

const foreignToken = ({ name }: SecretKeyRef): Obstacle => ({
  reason: REASON.InvalidToken,
  message: `the token in Secret ${name} belongs to another integration; write another one there`,
});

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
  if (await isForeign(subject, found.hash)) return refuse(subject, foreignToken(ref));
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
  const works = former !== undefined && tokens.some(({ hash }) => hash === former.hash);
  if (works) await adopt(subject, former);
  else await revoke(subject);
  return { kind: 'obstacle', obstacle, ended: !works };
}
