/** The CRDs, the admission policies, and the roles for custom resources as templates of the chart. */
import { groupBindingPolicy } from '../../../src/crd/group-binding-policy.ts';
import { allCrds } from '../../../src/crd/manifest.ts';
import {
  GROUP,
  SCIM_GROUP_BINDINGS,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../../../src/crd/names.ts';
import { confinementPolicies } from '../../../src/crd/operator-policy.ts';
import { printYaml } from '../../../src/crd/yaml.ts';
import { DIRECTORY_API_GROUP } from '../../../src/directory/permissions.ts';
import { headerOf, literal, onlyIf, withMetadata } from './template.ts';

/** File name → text, for templates/. */
export function crdTemplates(): Readonly<Record<string, string>> {
  const files = allCrds().map((crd): [string, string] => {
    const object = withMetadata(literal(printYaml(crd)), 'crdMetadata');
    const body = onlyIf('.Values.crds.enabled', object);
    return [`crds/${crd.spec.names.plural}.yaml`, `${headerOf('src/crd')}\n${body}`];
  });
  return Object.fromEntries(files);
}

/** It comes and stays with the CRD: what is created without it is not checked again. */
export function groupBindingPolicyTemplate(): string {
  const objects = groupBindingPolicy().map((object) =>
    withMetadata(literal(printYaml(object)), 'crdMetadata'),
  );
  const body = onlyIf('.Values.crds.enabled', objects.join('---\n'));
  return `${headerOf('src/crd/group-binding-policy.ts')}\n${body}`;
}

const USER = 'USER-OF-THE-OPERATOR';
const NAME = 'name-of-the-release';

export function confinementTemplate(): string {
  const objects = confinementPolicies({ name: NAME, user: USER }).map((object) =>
    withMetadata(literal(printYaml(object)), 'metadata'),
  );
  const user =
    'system:serviceaccount:{{ .Release.Namespace }}:{{ include "scim-operator.serviceAccountName" . }}';
  const text = objects
    .join('---\n')
    .replaceAll(NAME, '{{ include "scim-operator.clusterName" . }}')
    .replaceAll(USER, user);
  const body = onlyIf('.Values.operator.admissionPolicy', text);
  return `${headerOf('src/crd/operator-policy.ts')}\n${body}`;
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const { plural: integrations } = SCIM_INTEGRATIONS;
const { plural: bindings } = SCIM_GROUP_BINDINGS;
/** What the console shows, and what an administrator may do there with the access of a person. */
const LOOK = {
  apiGroups: [DIRECTORY_API_GROUP],
  resources: ['users', 'groups', 'bindings', 'activity'],
  verbs: ['get', 'list'],
};
const MANAGE = { apiGroups: [DIRECTORY_API_GROUP], resources: ['bindings'], verbs: ['update'] };

const SEE = [{ resources: [integrations, bindings, SCIM_TENANTS.plural], verbs: READ }, LOOK];
const EDIT = [...SEE, { resources: [integrations], verbs: WRITE }];
/**
 * What people may do: each role is complete, so that it can be a default role. Writing
 * ScimGroupBindings grants roles, so `edit` may not. ScimTenants decide about other namespaces, so
 * nobody but a cluster administrator writes them.
 */
const ROLES = [
  { name: 'viewer', into: 'view', rules: SEE },
  { name: 'editor', into: 'edit', rules: EDIT },
  {
    name: 'admin',
    into: 'admin',
    rules: [...EDIT, { resources: [bindings], verbs: WRITE }, MANAGE],
  },
];

export function aggregatedRolesTemplate(): string {
  const objects = ROLES.map(({ name, into, rules }) =>
    printYaml({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: {
        name: `${NAME}-${name}`,
        labels: { [`rbac.authorization.k8s.io/aggregate-to-${into}`]: 'true' },
      },
      rules: rules.map((rule) => ({ apiGroups: [GROUP], ...rule })),
    })
      .replace(
        '  labels:\n',
        '  labels:\n    {{- include "scim-operator.labels" . | nindent 4 }}\n',
      )
      .replaceAll(NAME, '{{ include "scim-operator.clusterName" . }}'),
  );
  const body = onlyIf('.Values.rbac.aggregateClusterRoles', objects.join('---\n'));
  return `${headerOf('hack/generate/chart/custom-resources.ts')}\n${body}`;
}
