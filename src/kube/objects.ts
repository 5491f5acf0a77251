/** Objects of Kubernetes' own kinds, as far as the operator reads and writes them. */
import type { KubeObject } from './resource.ts';

export interface Secret extends KubeObject {
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
}

export interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean;
}

export interface RoleBinding extends KubeObject {
  readonly roleRef?: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly apiGroup?: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
  }[];
}

export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface ResourceRule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly operations?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

export interface MatchResources {
  readonly namespaceSelector?: object;
  readonly objectSelector?: object;
  readonly resourceRules?: readonly ResourceRule[];
  readonly excludeResourceRules?: readonly ResourceRule[];
}

export interface AdmissionPolicy extends KubeObject {
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly paramKind?: object;
    readonly matchConstraints?: MatchResources;
    readonly matchConditions?: readonly object[];
    readonly validations?: readonly { readonly expression?: string }[];
  };
}

export interface AdmissionPolicyBinding extends KubeObject {
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: object;
    readonly validationActions?: readonly string[];
    readonly matchResources?: MatchResources;
  };
}

export function textOf(secret: Secret, key: string): string | undefined {
  const { data = {} } = secret;
  // Users choose the key, which may be the name of a property that every object inherits.
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
