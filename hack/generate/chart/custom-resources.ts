/** The CRDs, the admission policies, and the roles for custom resources as templates of the chart. */
import { groupBindingPolicy } from '../../../src/crd/group-binding-policy.ts';
import { allCrds } from '../../../src/crd/manifest.ts';
import { confinementPolicies } from '../../../src/crd/operator-policy.ts';
import { printYaml } from '../../../src/crd/yaml.ts';
import { AGGREGATED_ROLES } from '../../operator/aggregated-roles.ts';
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

export function aggregatedRolesTemplate(): string {
  const objects = AGGREGATED_ROLES.map(({ name, labels, rules }) =>
    printYaml({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${NAME}-${name}`, labels },
      rules: rules.map((rule) => ({ ...rule })),
    })
      .replace(
        '  labels:\n',
        '  labels:\n    {{- include "scim-operator.labels" . | nindent 4 }}\n',
      )
      .replaceAll(NAME, '{{ include "scim-operator.clusterName" . }}'),
  );
  const body = onlyIf('.Values.rbac.aggregateClusterRoles', objects.join('---\n'));
  return `${headerOf('hack/operator/aggregated-roles.ts')}\n${body}`;
}
