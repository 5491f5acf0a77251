/** What a spec means where it is silent: defaults live here, never in spec. */

import { parseDuration } from './duration.ts';
import { ANNOTATION_RECONCILE } from './names.ts';
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

/** Reconciling is paused: only `spec.enabled` and revocation count. */
export const isPaused = ({ metadata }: KubeIntegration): boolean =>
  metadata.annotations?.[ANNOTATION_RECONCILE] === 'disabled';

export const deletionPolicyOf = ({ spec }: KubeIntegration): 'Retain' | 'Delete' =>
  spec?.deletionPolicy ?? 'Retain';

export const secretNameOf = ({ spec, metadata }: KubeIntegration): string =>
  spec?.token?.secretName ?? `${metadata.name}-scim-token`;

/** Where the token is: in a Secret of ours, or in an existing one. */
export const tokenSecretRefOf = (integration: KubeIntegration): SecretKeyRef =>
  integration.spec?.token?.existingSecret ?? { name: secretNameOf(integration), key: 'token' };

/** How long the token before works after a rotation, in milliseconds. */
export const overlapOf = ({ spec }: KubeIntegration): number =>
  parseDuration(spec?.token?.rotation?.overlap ?? '') ?? DEFAULT_OVERLAP_MS;

/** How old a token gets, in milliseconds; undefined: until somebody asks for a new one. */
export const rotationIntervalOf = ({ spec }: KubeIntegration): number | undefined =>
  parseDuration(spec?.token?.rotation?.interval ?? '');

/** Of the ServiceAccount and the RoleBinding. */
export const childNameOf = ({ metadata }: KubeIntegration): string => `scim-${metadata.name}`;
