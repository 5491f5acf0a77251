/** A ScimIntegration as the API server gives it. */
import type { ScimIntegrationSpec, ScimIntegrationStatus } from './scim-integration.ts';

export interface KubeIntegration {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: ScimIntegrationSpec;
  readonly status?: ScimIntegrationStatus;
}
