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

interface ExistingInput {
  readonly secret: Secret | undefined;
  readonly ref: SecretKeyRef;
}

type Check = (input: ExistingInput) => ExistingVerdict | undefined;

/** The first that applies decides. */
const CHECKS: readonly Check[] = [
  secretWasCreatedByOperator,
  secretIsNotLabelled,
  secretIsBeingDeleted,
  keyIsMissing,
  tokenIsUnacceptable,
];

export function checkExistingSecret(
  secret: Secret | undefined,
  ref: SecretKeyRef,
): ExistingVerdict {
  const input = { secret, ref };
  for (const check of CHECKS) {
    const verdict = check(input);
    if (verdict !== undefined) return verdict;
  }
  return { kind: 'usable', token: tokenIn(input) ?? '' };
}

function secretWasCreatedByOperator({ secret, ref }: ExistingInput): ExistingVerdict | undefined {
  if (secret === undefined || !isMadeByOperator(secret)) return undefined;
  const whose = secret.metadata.labels?.[LABEL_INTEGRATION];
  return unusable(
    REASON.SecretConflict,
    `Secret ${ref.name} was created by the ` +
      `operator${whose === undefined ? '' : ` for ScimIntegration ${whose}`}; name a Secret ` +
      'that you manage yourself, or remove spec.token.existingSecret',
  );
}

/**
 * The label is the keeper's consent. Without it, nothing is said about the Secret, not even that it
 * exists.
 */
function secretIsNotLabelled({ secret, ref }: ExistingInput): ExistingVerdict | undefined {
  if (secret?.metadata.labels?.[LABEL_TOKEN] === 'true') return undefined;
  return unusable(
    REASON.SecretMissing,
    `There is no Secret ${ref.name} with the label ${LABEL_TOKEN}: "true"; create it, or add ` +
      'the label if it exists',
  );
}

function secretIsBeingDeleted({ secret, ref }: ExistingInput): ExistingVerdict | undefined {
  if (secret === undefined || !isGoing(secret)) return undefined;
  return unusable(
    REASON.SecretMissing,
    `The token of Secret ${ref.name} is not valid, because the Secret ${whatHolds(secret)}; ` +
      'recreate it once it is gone, or name another Secret in spec.token.existingSecret',
  );
}

function keyIsMissing(input: ExistingInput): ExistingVerdict | undefined {
  if (tokenIn(input) !== undefined) return undefined;
  const { name, key } = input.ref;
  return unusable(
    REASON.InvalidToken,
    `Secret ${name} has no key ${key}; add it, or correct spec.token.existingSecret.key`,
  );
}

function tokenIsUnacceptable(input: ExistingInput): ExistingVerdict | undefined {
  if (isAcceptableToken(tokenIn(input) ?? '')) return undefined;
  const { name, key } = input.ref;
  return unusable(
    REASON.InvalidToken,
    `The key ${key} of Secret ${name} does not contain 32 to 1,024 visible ASCII ` +
      'characters; write a token without spaces and without a trailing line break',
  );
}

function tokenIn({ secret, ref }: ExistingInput): string | undefined {
  return secret && textOf(secret, ref.key);
}

function unusable(reason: Reason, message: string): ExistingVerdict {
  return { kind: 'unusable', obstacle: { reason, message } };
}

/** A token that the operator didn't generate gets a random key id. */
export function foundInExisting(token: string): FoundToken {
  const keyId = isWellFormedToken(token) ? keyIdOf(token) : generateKeyId();
  return { ...foundToken(token), keyId };
}
