/** The watches of the operator, and the caches that they fill. */

import {
  GROUP_ROLE_BINDING_PREFIX,
  LABEL_MANAGED_BY,
  LABEL_TOKEN,
  MANAGED_BY,
  SCIM_GROUP_BINDINGS,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../crd/names.ts';
import type { KubeGroupBinding, KubeIntegration, KubeTenant } from '../crd/objects.ts';
import type { Client } from '../kube/client.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import { NamespacedReflector } from '../kube/namespaced-reflector.ts';
import type {
  AdmissionPolicy,
  AdmissionPolicyBinding,
  Role,
  RoleBinding,
  ServiceAccount,
} from '../kube/objects.ts';
import { type ObjectWatch, Reflector, type ReflectorOptions } from '../kube/reflector.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../kube/resource.ts';
import { ObjectStore } from '../kube/store.ts';
import type { Logger } from '../logger.ts';
import type { Caches } from './context.ts';

const NO_TENANTS =
  'ScimTenants could not be read, so each tenant may be used only by the namespace of that name';
const NO_NAMESPACES =
  'namespaces could not be listed, so changes of their labels are noticed after about a minute';
const NO_GROUP_BINDINGS =
  'ScimGroupBindings could not be read, so groups are not followed and RoleBindings stay the same';
const NO_POLICIES =
  'ValidatingAdmissionPolicies could not be read, so it is unknown whether authors of ' +
  'ScimGroupBindings can grant too much';
const NOT_WATCHED =
  'these objects could not be watched, so their namespace is not managed yet; check that it ' +
  'exists and contains the Role of the operator';

type Scope = Pick<
  ReflectorOptions,
  'labelSelector' | 'wants' | 'metadataOnly' | 'whenRefused' | 'keepsWhenRefused'
>;

interface ReflectorScope {
  /** Undefined for all. A namespace that may not be watched doesn't hold up the others. */
  readonly namespaces?: readonly string[] | undefined;
  /** Whether ScimGroupBindings are watched. */
  readonly followsGroups: boolean;
}

export function createReflectors(
  client: Client,
  log: Logger,
  metrics: KubeMetrics,
  { namespaces, followsGroups }: ReflectorScope,
) {
  const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY}`;
  const common = { client, log, metrics };
  const reflect = <T extends KubeObject>(
    resource: ResourceDefinition,
    scope: Scope = {},
  ): ObjectWatch<T> =>
    namespaces === undefined
      ? new Reflector<T>({ ...common, resource, ...scope })
      : new NamespacedReflector<T>({
          ...common,
          resource,
          namespaces,
          whenRefused: NOT_WATCHED,
          keepsWhenRefused: true,
          ...scope,
        });
  return {
    integrations: reflect<KubeIntegration>(SCIM_INTEGRATIONS),
    tenants: new Reflector<KubeTenant>({
      ...common,
      resource: SCIM_TENANTS,
      whenRefused: NO_TENANTS,
    }),
    namespaces: new Reflector<KubeObject>({
      ...common,
      resource: NAMESPACES,
      metadataOnly: true,
      whenRefused: NO_NAMESPACES,
    }),
    secrets: reflect<KubeObject>(SECRETS, { labelSelector, metadataOnly: true }),
    existingSecrets: reflect<KubeObject>(SECRETS, {
      labelSelector: `${LABEL_TOKEN}=true`,
      metadataOnly: true,
    }),
    serviceAccounts: reflect<ServiceAccount>(SERVICE_ACCOUNTS, { labelSelector }),
    roles: reflect<Role>(ROLES, { labelSelector }),
    // If groups are followed, also by name, because a label is easily lost and is missing on
    // RoleBindings that somebody else created.
    roleBindings: reflect<RoleBinding>(
      ROLE_BINDINGS,
      followsGroups ? { wants: isOfInterest } : { labelSelector },
    ),
    ...(followsGroups
      ? {
          groupBindings: reflect<KubeGroupBinding>(SCIM_GROUP_BINDINGS, {
            whenRefused: NO_GROUP_BINDINGS,
            keepsWhenRefused: true,
          }),
          policies: new Reflector<AdmissionPolicy>({
            ...common,
            resource: ADMISSION_POLICIES,
            whenRefused: NO_POLICIES,
          }),
          policyBindings: new Reflector<AdmissionPolicyBinding>({
            ...common,
            resource: ADMISSION_POLICY_BINDINGS,
            whenRefused: NO_POLICIES,
          }),
        }
      : {}),
  };
}

const isOfInterest = ({ metadata: { name, labels } }: KubeObject): boolean =>
  name.startsWith(GROUP_ROLE_BINDING_PREFIX) || labels?.[LABEL_MANAGED_BY] === MANAGED_BY;

export type Reflectors = ReturnType<typeof createReflectors>;

export function cachesOf(reflectors: Reflectors): Caches {
  return {
    integrations: reflectors.integrations.store,
    tenants: reflectors.tenants.store,
    groupBindings: reflectors.groupBindings?.store ?? new ObjectStore<KubeGroupBinding>(),
    policies: reflectors.policies?.store ?? new ObjectStore<AdmissionPolicy>(),
    policyBindings: reflectors.policyBindings?.store ?? new ObjectStore<AdmissionPolicyBinding>(),
    namespaces: reflectors.namespaces.store,
    secrets: reflectors.secrets.store,
    existingSecrets: reflectors.existingSecrets.store,
    serviceAccounts: reflectors.serviceAccounts.store,
    roles: reflectors.roles.store,
    roleBindings: reflectors.roleBindings.store,
  };
}
