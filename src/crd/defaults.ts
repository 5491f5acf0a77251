/** The defaults of the custom resources, which are never written to a spec. */

import { parseDuration } from './duration.ts';
import { ANNOTATION_RECONCILE, CHILD_PREFIX } from './names.ts';
import type { KubeGroupBinding, KubeIntegration } from './objects.ts';

export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

const DEFAULT_OVERLAP_MS = 24 * 3_600_000;

export const isEnabled = ({ spec }: KubeIntegration): boolean => spec?.enabled ?? true;

export const tenantOf = ({ spec, metadata }: KubeIntegration): string =>
  spec?.tenant ?? metadata.namespace;

export const bindingTenantOf = ({ spec, metadata }: KubeGroupBinding): string =>
  spec.tenant ?? metadata.namespace;

/** Whether reconciling is paused, so that only `spec.enabled` and revocation take effect. */
export const isPaused = ({ metadata }: KubeIntegration): boolean =>
  metadata.annotations?.[ANNOTATION_RECONCILE] === 'disabled';

export const deletionPolicyOf = ({ spec }: KubeIntegration): 'Retain' | 'Delete' =>
  spec?.deletionPolicy ?? 'Retain';

export const secretNameOf = ({ spec, metadata }: KubeIntegration): string =>
  spec?.token?.secretName ?? `${metadata.name}-scim-token`;

/** Where the token is: in a Secret of the operator, or in an existing one. */
export const tokenSecretRefOf = (integration: KubeIntegration): SecretKeyRef =>
  integration.spec?.token?.existingSecret ?? { name: secretNameOf(integration), key: 'token' };

/** How long the previous token works after a rotation, in milliseconds. */
export const overlapOf = ({ spec }: KubeIntegration): number =>
  parseDuration(spec?.token?.rotation?.overlap ?? '') ?? DEFAULT_OVERLAP_MS;

/** Age at which a token is rotated, in milliseconds; undefined if only on request. */
export const rotationIntervalOf = ({ spec }: KubeIntegration): number | undefined =>
  parseDuration(spec?.token?.rotation?.interval ?? '');

/** The name of the ServiceAccount and the RoleBinding. */
export const childNameOf = ({ metadata }: KubeIntegration): string =>
  `${CHILD_PREFIX}${metadata.name}`;
