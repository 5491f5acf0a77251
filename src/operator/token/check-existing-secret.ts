/** Pure checks of a Secret that users keep: it is read, and never written. */
import type { SecretKeyRef } from '../../crd/defaults.ts';
import { LABEL_INTEGRATION, LABEL_TOKEN } from '../../crd/names.ts';
import { REASON, type Reason } from '../../crd/reasons.ts';
import {
  generateKeyId,
  isAcceptableToken,
  isWellFormedToken,
  keyIdOf,
} from '../../directory/tokens.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing, isMadeByOperator, whatHolds } from '../ownership.ts';
import { type FoundToken, foundToken } from './check-secret.ts';

type ExistingVerdict =
  | { readonly kind: 'usable'; readonly token: string }
  | { readonly kind: 'unusable'; readonly obstacle: Obstacle };

/**
 * The label is the keeper's consent. Without it, nothing is said about the Secret, not even that it
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
      `Secret ${name} was created by the ` +
        `operator${whose === undefined ? '' : ` for ScimIntegration ${whose}`}; name a Secret ` +
        'that you manage yourself, or remove spec.token.existingSecret',
    );
  }
  if (secret?.metadata.labels?.[LABEL_TOKEN] !== 'true') {
    return unusable(
      REASON.SecretMissing,
      `there is no Secret ${name} with the label ${LABEL_TOKEN}: "true"; create it, or add ` +
        'the label if it exists',
    );
  }
  if (isGoing(secret)) {
    return unusable(
      REASON.SecretMissing,
      `the token of Secret ${name} is not valid, because the Secret ${whatHolds(secret)}; ` +
        'recreate it once it is gone, or name another Secret in spec.token.existingSecret',
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
        `the key ${key} of Secret ${name} does not contain 32 to 1,024 visible ASCII ` +
          'characters; write a token without spaces and without a trailing line break',
      );
}

function unusable(reason: Reason, message: string): ExistingVerdict {
  return { kind: 'unusable', obstacle: { reason, message } };
}

/** A token that the operator didn't generate gets a random key id. */
export function foundInExisting(token: string): FoundToken {
  const keyId = isWellFormedToken(token) ? keyIdOf(token) : generateKeyId();
  return { ...foundToken(token), keyId };
}
