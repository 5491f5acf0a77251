/** A ScimTenant as the API server gives it. */
import type { ObjectMetadata } from './object-metadata.ts';
import type { ScimTenantSpec, ScimTenantStatus } from './scim-tenant.ts';

export interface KubeTenant {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
  readonly spec: ScimTenantSpec;
  readonly status?: ScimTenantStatus;
}
