/** Names that users, charts and other programs depend on. They never change. */
import type { EVENT } from './reasons.ts';

export const GROUP = 'scim-operator.dev';
export const VERSION = 'v1alpha1';

export const SCIM_INTEGRATIONS = {
  group: GROUP,
  version: VERSION,
  plural: 'scimintegrations',
  kind: 'ScimIntegration',
  namespaced: true,
} as const;

export const SCIM_TENANTS = {
  group: GROUP,
  version: VERSION,
  plural: 'scimtenants',
  kind: 'ScimTenant',
  namespaced: false,
} as const;

export const SCIM_GROUP_BINDINGS = {
  group: GROUP,
  version: VERSION,
  plural: 'scimgroupbindings',
  kind: 'ScimGroupBinding',
  namespaced: true,
} as const;

export const LABEL_MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'scim-operator';
/** On children: the name of the integration, in the same namespace. */
export const LABEL_INTEGRATION = `${GROUP}/integration`;
/** On RoleBindings of members: the name of the ScimGroupBinding, in the same namespace. */
export const LABEL_GROUP_BINDING = `${GROUP}/group-binding`;
/** On the token's Secret: the UID of the integration that it was created for. */
export const ANNOTATION_INTEGRATION_UID = `${GROUP}/integration-uid`;
/**
 * On the token's Secret: when that integration was created. Shows whether it may have been deleted
 * with an earlier CRD.
 */
export const ANNOTATION_INTEGRATION_CREATED = `${GROUP}/integration-created`;
/** On a Secret that users maintain: lets the operator use the token in it. */
export const LABEL_TOKEN = `${GROUP}/token`;
/** On an integration: each new value rotates the token once. */
export const ANNOTATION_ROTATE = `${GROUP}/rotate`;
/**
 * On the token's Secret, written together with the token: the value of the rotate annotation that
 * caused the rotation.
 */
export const ANNOTATION_ROTATED = `${GROUP}/rotated`;
/** On a Secret: the key ids of its token and of the token that it replaced, and when. */
export const ANNOTATION_REPLACED = `${GROUP}/replaced`;
/** `disabled` pauses everything but `spec.enabled` and revocation. */
export const ANNOTATION_RECONCILE = `${GROUP}/reconcile`;

/** The Role in each namespace with an integration. */
export const ROLE_NAME = 'SCIMProvisioner';
/** Begins the names of the ServiceAccount and the RoleBinding of an integration. */
export const CHILD_PREFIX = 'scim-';
/** Begins the names of the RoleBindings of a ScimGroupBinding. */
export const GROUP_ROLE_BINDING_PREFIX = 'scim:group:';
/** Begins the names of the RoleBindings of default roles. */
export const DEFAULT_ROLE_BINDING_PREFIX = 'scim:default:';

export type EventReason = (typeof EVENT)[keyof typeof EVENT];
