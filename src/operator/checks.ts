/** Decisions about an integration as pure functions of what was gathered. */
import { tenantOf } from '../crd/defaults.ts';
import { ANNOTATION_REPLACED, ANNOTATION_ROTATED, REASON, type Reason } from '../crd/names.ts';
import type { KubeIntegration } from '../crd/objects.ts';
import type { IntegrationRecord } from '../directory/store/integrations.ts';
import { hashToken, isWellFormedToken, keyIdOf } from '../directory/tokens.ts';
import type { ReplacedToken, Secret } from './objects.ts';
import { isGoing, isOurs, uidOn, whatHolds } from './ownership.ts';

/** What stands in the way. */
export interface Obstacle {
  readonly reason: Reason;
  readonly message: string;
}

/** Where the id comes from, first to last: what the directory has, the pin, what the status or a restored Secret tells. */
export function knownId(
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
  secret: Secret | undefined,
): string | undefined {
  const restored =
    secret && isOurs(secret, integration) ? textOf(secret, 'integrationId') : undefined;
  return (
    record?.id ??
    integration.spec?.integrationId ??
    integration.status?.integrationId ??
    (restored !== undefined && /^[\w-]{21}$/.test(restored) ? restored : undefined)
  );
}

/** `holder` is the record under the id, live or ended. */
export function checkId(
  integration: KubeIntegration,
  id: string,
  holder: IntegrationRecord | undefined,
  record: IntegrationRecord | undefined,
): Obstacle | undefined {
  const pinned = integration.spec?.integrationId;
  if (pinned !== undefined && pinned !== id) {
    return {
      reason: REASON.IntegrationIdConflict,
      message: `spec.integrationId is ${pinned}, but this integration already has the id ${id}; set it to that or remove it`,
    };
  }
  if (holder === undefined || holder.id === record?.id) return undefined;
  const live = holder.endedAt === undefined;
  if (!live && holder.tenant === tenantOf(integration)) return undefined;
  const message =
    pinned === undefined
      ? `the id ${id} that the status or the Secret names belongs to another integration, perhaps of another cluster with the same database; delete this one and its Secret to begin anew, or end that one if it is gone for good`
      : `the id ${id} belongs to another integration; remove spec.integrationId or choose another`;
  return { reason: REASON.IntegrationIdConflict, message };
}

export function textOf(secret: Secret, key: string): string | undefined {
  const { data = {} } = secret;
  // People choose the key, which may be the name of something that every object has.
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

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
export function replacedBy(secret: Secret, token: string): ReplacedToken | undefined {
  const [by, keyId, time] = secret.metadata.annotations?.[ANNOTATION_REPLACED]?.split(' ') ?? [];
  const at = Date.parse(time ?? '');
  return by === keyIdOf(token) && keyId !== undefined && !Number.isNaN(at)
    ? { keyId, at }
    : undefined;
}

export type SecretVerdict =
  /** There is none: a token is to be generated, or moved here. */
  | { readonly kind: 'missing' }
  /** There is none, but its name is not free yet. */
  | { readonly kind: 'going'; readonly obstacle: Obstacle }
  /** It is the integration's, and its token counts. */
  | ({ readonly kind: 'current' } & FoundToken)
  /** It is the integration's, and holds no token. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'conflict'; readonly obstacle: Obstacle };

/** `holder` tells which other integration a Secret belongs to. A Secret with this one's UID is known without its labels. */
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
        `Secret ${name} exists and was not made for this integration; set spec.token.secretName to another name, or delete the Secret if nobody needs it`,
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
export function goingSecret(secret: Secret): Obstacle {
  return {
    reason: REASON.SecretMissing,
    message: `the token has ended, because the Secret ${secret.metadata.name} ${whatHolds(secret)}; there is a new token as soon as the name is free`,
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
