/** A ScimIntegration as the API server gives it. */
import type { NamespacedMetadata } from './object-metadata.ts';
import type { ScimIntegrationSpec, ScimIntegrationStatus } from './scim-integration.ts';

export interface KubeIntegration {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: NamespacedMetadata & { readonly creationTimestamp: string };
  readonly spec?: ScimIntegrationSpec;
  readonly status?: ScimIntegrationStatus;
}
