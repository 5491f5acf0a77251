/**
 * Pure builders of the token's Secret. They copy nothing from the integration's labels and
 * annotations.
 */

import { secretNameOf } from '../../crd/defaults.ts';
import {
  ANNOTATION_INTEGRATION_CREATED,
  ANNOTATION_INTEGRATION_UID,
  ANNOTATION_REPLACED,
  ANNOTATION_ROTATED,
} from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { keyIdOf } from '../../directory/tokens.ts';
import type { Secret } from '../../kube/objects.ts';
import { labelsFor } from '../ownership.ts';

/** The token is written separately from the rest of its Secret. */
export const TOKEN_PART = 'token';

export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Where a token comes from. */
export interface TokenOrigin {
  /** The value of the rotate annotation that it was generated for. */
  readonly rotated?: string | undefined;
  /** The token that it replaced in a rotation. */
  readonly replaced?: ReplacedToken | undefined;
}

export interface ReplacedToken {
  readonly keyId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The Secret as it is first created, with the token and its origin. */
export function buildTokenSecret(
  integration: KubeIntegration,
  token: string,
  origin: TokenOrigin = {},
): Secret {
  const { annotations, ...metadata } = secretMetadata(integration, secretNameOf(integration));
  const change = buildTokenChange(token, origin);
  return {
    metadata: { ...metadata, annotations: { ...annotations, ...change.metadata.annotations } },
    type: 'Opaque',
    data: change.data,
  };
}

/** What a new token changes in an existing Secret. */
export function buildTokenChange(token: string, { rotated, replaced }: TokenOrigin) {
  const annotations: Record<string, string> = {};
  if (rotated !== undefined) annotations[ANNOTATION_ROTATED] = rotated;
  if (replaced !== undefined) {
    const at = new Date(replaced.at).toISOString();
    annotations[ANNOTATION_REPLACED] = `${keyIdOf(token)} ${replaced.keyId} ${at}`;
  }
  return { metadata: { annotations }, data: { token: base64(token) } };
}

/** The whole Secret except the token. */
export function buildSecretFrame(
  integration: KubeIntegration,
  endpoint: string,
  integrationId: string,
): Secret {
  return {
    metadata: secretMetadata(integration, secretNameOf(integration)),
    type: 'Opaque',
    data: { endpoint: base64(endpoint), integrationId: base64(integrationId) },
  };
}

/**
 * It has no owner reference, because the garbage collector would remove a restored Secret whose
 * owner has a new UID.
 */
function secretMetadata({ metadata }: KubeIntegration, name: string) {
  return {
    namespace: metadata.namespace,
    name,
    labels: labelsFor(metadata.name),
    annotations: {
      [ANNOTATION_INTEGRATION_UID]: metadata.uid,
      [ANNOTATION_INTEGRATION_CREATED]: metadata.creationTimestamp,
    },
  };
}
