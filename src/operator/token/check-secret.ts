/** Pure checks of a Secret: is it the integration's, and does it contain a valid token? */
import { ANNOTATION_REPLACED, ANNOTATION_ROTATED } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import { hashToken, isWellFormedToken, keyIdOf } from '../../directory/tokens.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing, isOurs, uidOn, whatHolds } from '../ownership.ts';
import type { ReplacedToken } from './objects.ts';

export interface FoundToken {
  readonly token: string;
  readonly hash: string;
  readonly keyId: string;
  /** The value of the rotate annotation that the token was generated for. */
  readonly rotated: string | undefined;
  /** The token that it replaced in a rotation. */
  readonly replaced: ReplacedToken | undefined;
}

/** What may be remembered of a token. */
export type ReadToken = Omit<FoundToken, 'token'>;

export function foundToken(
  token: string,
  rotated?: string | undefined,
  replaced?: ReplacedToken | undefined,
): FoundToken {
  return { token, hash: hashToken(token), keyId: keyIdOf(token), rotated, replaced };
}

/** The annotation is ignored once somebody has written another token into the Secret. */
function replacedBy(secret: Secret, token: string): ReplacedToken | undefined {
  const [by, keyId, time] = secret.metadata.annotations?.[ANNOTATION_REPLACED]?.split(' ') ?? [];
  const at = Date.parse(time ?? '');
  return by === keyIdOf(token) && keyId !== undefined && !Number.isNaN(at)
    ? { keyId, at }
    : undefined;
}

type SecretVerdict =
  /** It counts as gone, but its name isn't free yet. */
  | { readonly kind: 'going'; readonly obstacle: Obstacle }
  /** It is the integration's, and contains a valid token. */
  | { readonly kind: 'current'; readonly found: FoundToken }
  /** It is the integration's, but contains no token. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'conflict'; readonly obstacle: Obstacle };

interface SecretInput {
  readonly secret: Secret;
  readonly integration: KubeIntegration;
  /** Returns the other integration that a Secret belongs to, if any. */
  readonly holder: (secret: Secret) => KubeIntegration | undefined;
}

type Check = (input: SecretInput) => SecretVerdict | undefined;

/** The first that applies decides. */
const CHECKS: readonly Check[] = [
  secretIsBeingDeleted,
  secretBelongsToAnother,
  secretWasNotCreatedForThis,
  secretHasAnotherType,
  secretContainsNoToken,
];

export function checkSecret(
  secret: Secret,
  integration: KubeIntegration,
  holder: SecretInput['holder'],
): SecretVerdict {
  const input = { secret, integration, holder };
  for (const check of CHECKS) {
    const verdict = check(input);
    if (verdict !== undefined) return verdict;
  }
  const token = tokenIn(secret);
  const rotated = secret.metadata.annotations?.[ANNOTATION_ROTATED];
  return { kind: 'current', found: foundToken(token, rotated, replacedBy(secret, token)) };
}

function secretIsBeingDeleted({ secret }: SecretInput): SecretVerdict | undefined {
  return isGoing(secret) ? { kind: 'going', obstacle: goingSecret(secret) } : undefined;
}

/** A Secret with this integration's UID is known without its labels. */
function hasUidOf({ metadata }: KubeIntegration, secret: Secret): boolean {
  return uidOn(secret) === metadata.uid;
}

function secretBelongsToAnother(input: SecretInput): SecretVerdict | undefined {
  const { secret, integration, holder } = input;
  if (hasUidOf(integration, secret)) return undefined;
  const other = holder(secret);
  return other && conflict(belongsTo(secret.metadata.name, other, integration));
}

function secretWasNotCreatedForThis({
  secret,
  integration,
}: SecretInput): SecretVerdict | undefined {
  if (hasUidOf(integration, secret) || isOurs(secret, integration)) return undefined;
  return conflict(
    `Secret ${secret.metadata.name} exists and was not created for this integration; set ` +
      'spec.token.secretName to another name, or delete the Secret if nobody uses it',
  );
}

function secretHasAnotherType({ secret }: SecretInput): SecretVerdict | undefined {
  const { type, metadata } = secret;
  if (type === undefined || type === 'Opaque') return undefined;
  return conflict(
    `Secret ${metadata.name} has the type ${type} instead of Opaque; delete it to get a new token`,
  );
}

function secretContainsNoToken({ secret }: SecretInput): SecretVerdict | undefined {
  return isWellFormedToken(tokenIn(secret)) ? undefined : { kind: 'malformed' };
}

function tokenIn(secret: Secret): string {
  return textOf(secret, 'token') ?? '';
}

/** The token ends with its Secret, even if a finalizer delays the deletion. */
function goingSecret(secret: Secret): Obstacle {
  return {
    reason: REASON.SecretMissing,
    message:
      `The token was revoked, because the Secret ${secret.metadata.name} ${whatHolds(secret)}; ` +
      'a new token is generated as soon as the name is free',
  };
}

/** The advice must not harm the other integration. */
function belongsTo(
  name: string,
  { metadata }: KubeIntegration,
  integration: KubeIntegration,
): string {
  const whose =
    metadata.namespace === integration.metadata.namespace
      ? `ScimIntegration ${metadata.name}`
      : 'an integration in another namespace';
  return `Secret ${name} belongs to ${whose}; set spec.token.secretName to another name`;
}

function conflict(message: string): SecretVerdict {
  return { kind: 'conflict', obstacle: { reason: REASON.SecretConflict, message } };
}
