/** A ScimGroupBinding as the API server gives it. */
import type { NamespacedMetadata } from './object-metadata.ts';
import type { ScimGroupBindingSpec, ScimGroupBindingStatus } from './scim-group-binding.ts';

export interface KubeGroupBinding {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: NamespacedMetadata;
  readonly spec: ScimGroupBindingSpec;
  readonly status?: ScimGroupBindingStatus;
}
