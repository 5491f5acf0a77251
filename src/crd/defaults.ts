/** What an integration means where its spec is silent: defaults live here, never in spec. */
import type { KubeIntegration } from './integration-object.ts';
import { ANNOTATION_RECONCILE } from './names.ts';

export const isEnabled = ({ spec }: KubeIntegration): boolean => spec?.enabled ?? true;

export const tenantOf = ({ spec, metadata }: KubeIntegration): string =>
  spec?.tenant ?? metadata.namespace;

/** Reconciling is paused: only `spec.enabled` and revocation count. */
export const isPaused = ({ metadata }: KubeIntegration): boolean =>
  metadata.annotations?.[ANNOTATION_RECONCILE] === 'disabled';

export const deletionPolicyOf = ({ spec }: KubeIntegration): 'Retain' | 'Delete' =>
  spec?.deletionPolicy ?? 'Retain';

export const secretNameOf = ({ spec, metadata }: KubeIntegration): string =>
  spec?.token?.secretName ?? `${metadata.name}-scim-token`;

/** Of the ServiceAccount and the RoleBinding. */
export const childNameOf = ({ metadata }: KubeIntegration): string => `scim-${metadata.name}`;
