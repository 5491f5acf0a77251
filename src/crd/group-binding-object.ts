/** A ScimGroupBinding as the API server gives it. */
import type { ScimGroupBindingSpec, ScimGroupBindingStatus } from './scim-group-binding.ts';

export interface KubeGroupBinding {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: ScimGroupBindingSpec;
  readonly status?: ScimGroupBindingStatus;
}
