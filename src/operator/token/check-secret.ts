/** Whether a Secret is the integration's, and holds a token that counts, decided purely. */
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
  /** The value of the rotate annotation that the Secret was written for. */
  readonly rotated: string | undefined;
  /** The token that it was rotated from. */
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

/** What the Secret says is about another token, once somebody has written one there. */
function replacedBy(secret: Secret, token: string): ReplacedToken | undefined {
  const [by, keyId, time] = secret.metadata.annotations?.[ANNOTATION_REPLACED]?.split(' ') ?? [];
  const at = Date.parse(time ?? '');
  return by === keyIdOf(token) && keyId !== undefined && !Number.isNaN(at)
    ? { keyId, at }
    : undefined;
}

type SecretVerdict =
  /** There is none, but its name is not free yet. */
  | { readonly kind: 'going'; readonly obstacle: Obstacle }
  /** It is the integration's, and its token counts. */
  | { readonly kind: 'current'; readonly found: FoundToken }
  /** It is the integration's, and holds no token. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'conflict'; readonly obstacle: Obstacle };

interface SecretInput {
  readonly secret: Secret;
  readonly integration: KubeIntegration;
  /** Tells which other integration a Secret belongs to. */
  readonly holder: (secret: Secret) => KubeIntegration | undefined;
}

type Check = (input: SecretInput) => SecretVerdict | undefined;

/** The first that applies decides. */
const CHECKS: readonly Check[] = [
  secretIsBeingDeleted,
  secretBelongsToAnother,
  secretWasNotMadeForThis,
  secretHasAnotherType,
  secretHoldsNoToken,
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

function secretWasNotMadeForThis({ secret, integration }: SecretInput): SecretVerdict | undefined {
  if (hasUidOf(integration, secret) || isOurs(secret, integration)) return undefined;
  return conflict(
    `Secret ${secret.metadata.name} exists and was not made for this integration; set ` +
      'spec.token.secretName to another name, or delete the Secret if nobody needs it',
  );
}

function secretHasAnotherType({ secret }: SecretInput): SecretVerdict | undefined {
  const { type, metadata } = secret;
  if (type === undefined || type === 'Opaque') return undefined;
  return conflict(
    `Secret ${metadata.name} has the type ${type} instead of Opaque; delete it to get a new token`,
  );
}

function secretHoldsNoToken({ secret }: SecretInput): SecretVerdict | undefined {
  return isWellFormedToken(tokenIn(secret)) ? undefined : { kind: 'malformed' };
}

function tokenIn(secret: Secret): string {
  return textOf(secret, 'token') ?? '';
}

/** A token that ended with its Secret. */
function goingSecret(secret: Secret): Obstacle {
  return {
    reason: REASON.SecretMissing,
    message:
      `the token has ended, because the Secret ${secret.metadata.name} ${whatHolds(secret)}; ` +
      'there is a new token as soon as the name is free',
  };
}

/** What helps without harm to the other one. */
function belongsTo(
  name: string,
  { metadata }: KubeIntegration,
  integration: KubeIntegration,
): string {
  const whose =
    metadata.namespace === integration.metadata.namespace
      ? `ScimIntegration ${metadata.name}`
      : 'an integration of another namespace';
  return `Secret ${name} belongs to ${whose}; set spec.token.secretName to another name`;
}

function conflict(message: string): SecretVerdict {
  return { kind: 'conflict', obstacle: { reason: REASON.SecretConflict, message } };
}
