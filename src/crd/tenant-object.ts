/** A ScimTenant as the API server gives it. */
import type { ScimTenantSpec, ScimTenantStatus } from './scim-tenant.ts';

export interface KubeTenant {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: ScimTenantSpec;
  readonly status?: ScimTenantStatus;
}
