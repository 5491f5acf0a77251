/** The objects that an integration gets, built purely. Nothing is copied from the integration's labels and annotations. */
import { childNameOf, secretNameOf } from '../crd/defaults.ts';
import {
  ANNOTATION_INTEGRATION_CREATED,
  ANNOTATION_INTEGRATION_UID,
  ANNOTATION_REPLACED,
  ANNOTATION_ROTATED,
  GROUP,
  LABEL_INTEGRATION,
  LABEL_MANAGED_BY,
  MANAGED_BY,
  ROLE_NAME,
  SCIM_INTEGRATIONS,
  VERSION,
} from '../crd/names.ts';
import type { KubeIntegration } from '../crd/objects.ts';
import { keyIdOf } from '../directory/tokens.ts';
import type { KubeObject, OwnerReference } from '../kube/resource.ts';
import { type PolicyRule, SCIM_PROVISIONER_RULES } from './rbac.ts';

export const FIELD_MANAGER = 'scim-operator';
/** Owns `data.token` alone, so that no drift correction can remove it or bring an old one back. */
export const TOKEN_FIELD_MANAGER = 'scim-operator-token';

export interface Secret extends KubeObject {
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
}

export interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean;
}

export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[];
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

export function labelsFor(integrationName: string): Record<string, string> {
  return { [LABEL_MANAGED_BY]: MANAGED_BY, [LABEL_INTEGRATION]: integrationName };
}

/** Without blockOwnerDeletion: deleting an integration never waits for its children. */
export function ownerReference({ metadata: { name, uid } }: KubeIntegration): OwnerReference {
  return { apiVersion: `${GROUP}/${VERSION}`, kind: SCIM_INTEGRATIONS.kind, name, uid };
}

export function endpointOf(publicUrl: string, tenant: string, integrationId: string): string {
  return `${publicUrl}/api/v1/${tenant}/integrations/${integrationId}/scim/v2`;
}

/** No owner reference: the garbage collector would remove a restored Secret whose owner has a new UID. */
function secretMetadata({ metadata }: KubeIntegration, name: string) {
  return {
    namespace: metadata.namespace,
    name,
    labels: labelsFor(metadata.name),
    annotations: {
      [ANNOTATION_INTEGRATION_UID]: metadata.uid,
      [ANNOTATION_INTEGRATION_CREATED]: metadata.creationTimestamp,
    },
  };
}

export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** The Secret as it is first created, with the token and what is to be remembered of it. */
export function buildTokenSecret(
  integration: KubeIntegration,
  token: string,
  origin: TokenOrigin = {},
): Secret {
  const { annotations, ...metadata } = secretMetadata(integration, secretNameOf(integration));
  const change = buildTokenChange(token, origin);
  return {
    metadata: { ...metadata, annotations: { ...annotations, ...change.metadata.annotations } },
    type: 'Opaque',
    data: change.data,
  };
}

/** Where a token comes from: the value of the rotate annotation that it answers, and the token that it was rotated from. */
export interface TokenOrigin {
  readonly rotated?: string | undefined;
  readonly replaced?: ReplacedToken | undefined;
}

export interface ReplacedToken {
  readonly keyId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a new token changes in a Secret that is there. */
export function buildTokenChange(token: string, { rotated, replaced }: TokenOrigin) {
  const annotations: Record<string, string> = {};
  if (rotated !== undefined) annotations[ANNOTATION_ROTATED] = rotated;
  if (replaced !== undefined) {
    const at = new Date(replaced.at).toISOString();
    annotations[ANNOTATION_REPLACED] = `${keyIdOf(token)} ${replaced.keyId} ${at}`;
  }
  return { metadata: { annotations }, data: { token: base64(token) } };
}

/** All of the Secret but the token. */
export function buildSecretFrame(
  integration: KubeIntegration,
  endpoint: string,
  integrationId: string,
): Secret {
  return {
    metadata: secretMetadata(integration, secretNameOf(integration)),
    type: 'Opaque',
    data: { endpoint: base64(endpoint), integrationId: base64(integrationId) },
  };
}

function childMetadata(integration: KubeIntegration) {
  return {
    namespace: integration.metadata.namespace,
    name: childNameOf(integration),
    labels: labelsFor(integration.metadata.name),
    ownerReferences: [ownerReference(integration)],
  };
}

export function buildServiceAccount(integration: KubeIntegration): ServiceAccount {
  return { metadata: childMetadata(integration), automountServiceAccountToken: false };
}

export function buildRoleBinding(integration: KubeIntegration): RoleBinding {
  const { namespace } = integration.metadata;
  return {
    metadata: childMetadata(integration),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ROLE_NAME },
    subjects: [{ kind: 'ServiceAccount', namespace, name: childNameOf(integration) }],
  };
}

/** One for the namespace: every live integration owns it, none controls it. */
export function buildRole(namespace: string, integrations: readonly KubeIntegration[]): Role {
  const byName = integrations.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return {
    metadata: {
      namespace,
      name: ROLE_NAME,
      labels: { [LABEL_MANAGED_BY]: MANAGED_BY },
      ownerReferences: byName.map(ownerReference),
    },
    rules: SCIM_PROVISIONER_RULES,
  };
}
