/** The custom resources as the API server returns them. */
import type { ScimGroupBindingSpec, ScimGroupBindingStatus } from './scim-group-binding.ts';
import type { ScimIntegrationSpec, ScimIntegrationStatus } from './scim-integration.ts';
import type { ScimTenantSpec, ScimTenantStatus } from './scim-tenant.ts';

export interface ObjectMetadata {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

interface NamespacedMetadata extends ObjectMetadata {
  readonly namespace: string;
}

export interface KubeIntegration {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: NamespacedMetadata & { readonly creationTimestamp: string };
  readonly spec?: ScimIntegrationSpec;
  readonly status?: ScimIntegrationStatus;
}

export interface KubeTenant {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
  readonly spec: ScimTenantSpec;
  readonly status?: ScimTenantStatus;
}

export interface KubeGroupBinding {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: NamespacedMetadata;
  readonly spec: ScimGroupBindingSpec;
  readonly status?: ScimGroupBindingStatus;
}
