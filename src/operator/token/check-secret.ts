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
  /** There is none: a token is to be generated, or moved here. */
  | { readonly kind: 'missing' }
  /** There is none, but its name is not free yet. */
  | { readonly kind: 'going'; readonly obstacle: Obstacle }
  /** It is the integration's, and its token counts. */
  | ({ readonly kind: 'current' } & FoundToken)
  /** It is the integration's, and holds no token. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'conflict'; readonly obstacle: Obstacle };

/**
 * `holder` tells which other integration a Secret belongs to. A Secret with this one's UID is known
 * without its labels.
 */
export function checkSecret(
  secret: Secret | undefined,
  integration: KubeIntegration,
  holder: (secret: Secret) => KubeIntegration | undefined,
): SecretVerdict {
  if (secret === undefined) return { kind: 'missing' };
  const { name } = secret.metadata;
  if (isGoing(secret)) return { kind: 'going', obstacle: goingSecret(secret) };
  if (uidOn(secret) !== integration.metadata.uid) {
    const other = holder(secret);
    if (other !== undefined) return conflict(belongsTo(name, other, integration));
    if (!isOurs(secret, integration)) {
      return conflict(
        `Secret ${name} exists and was not made for this integration; set ` +
          'spec.token.secretName to another name, or delete the Secret if nobody needs it',
      );
    }
  }
  if (secret.type !== undefined && secret.type !== 'Opaque') {
    return conflict(
      `Secret ${name} has the type ${secret.type} instead of Opaque; delete it to get a new token`,
    );
  }
  const token = textOf(secret, 'token') ?? '';
  if (!isWellFormedToken(token)) return { kind: 'malformed' };
  return {
    kind: 'current',
    ...foundToken(
      token,
      secret.metadata.annotations?.[ANNOTATION_ROTATED],
      replacedBy(secret, token),
    ),
  };
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
