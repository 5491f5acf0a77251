/** What the chart renders, with helm 3 and helm 4. */
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { readInvocation } from '../../src/config/invocation.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { confinementPolicies } from '../../src/crd/operator-policy.ts';
import {
  CLUSTER_RULES,
  CONSOLE_CLUSTER_RULES,
  CONSOLE_NAMESPACE_RULES,
  CONSOLE_RULES,
  defaultRoleRules,
  ELECTION_RULES,
  groupBindingRules,
  OPERATOR_RULES,
  POLICY_RULES,
  TENANT_RULES,
  WATCHED_NAMESPACE_RULES,
} from '../../src/operator/rbac.ts';
import {
  BOTH_HELMS,
  Helm,
  only,
  RELEASE,
  type Rendered,
  useHelm,
  type Values,
} from '../support/chart/helm.ts';
import { MATRIX, MINIMAL, ON_POSTGRESQL, SSO } from '../support/chart/values.ts';

useHelm();
const helm = new Helm('v4');
const render = (values: Values, args: readonly string[] = []) => helm.objects(values, { args });

interface Container {
  readonly args: readonly string[];
  readonly image: string;
  readonly env?: readonly { readonly name: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe: { readonly httpGet: { readonly scheme: string } };
  readonly lifecycle?: unknown;
  readonly securityContext: unknown;
  readonly resources: { readonly limits?: unknown; readonly requests?: unknown };
}
interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly serviceAccountName: string;
  readonly containers: readonly [Container];
  readonly volumes: readonly object[];
  readonly securityContext: object;
  readonly topologySpreadConstraints?: readonly object[];
  readonly terminationGracePeriodSeconds: number;
}
interface DeploymentSpec {
  readonly replicas?: number;
  readonly strategy: { readonly type: string };
  readonly template: { readonly metadata: Rendered['metadata']; readonly spec: PodSpec };
}
const deployment = (objects: readonly Rendered[], name = 'scim-operator') =>
  only(objects, 'Deployment', name).spec as DeploymentSpec;
const kindsOf = (objects: readonly Rendered[]) => new Set(objects.map(({ kind }) => kind));
const names = (objects: readonly Rendered[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);

/** For helm, and for Argo CD, which else prunes what is no longer rendered. */
const KEPT = {
  'helm.sh/resource-policy': 'keep',
  'argocd.argoproj.io/sync-options': 'Prune=false',
};

const configMapOf = ({ fullnameOverride = RELEASE }: Values) => String(fullnameOverride);

describe.each(Object.entries(MATRIX))('%s', (_, values) => {
  it('gives the program options that it understands', async () => {
    const { data } = only(await helm.objects(values), 'ConfigMap', configMapOf(values));
    const { SCIM_OPERATOR_DATABASE_URL_FILE: file, ...options } = data ?? {};
    // The file is not here.
    const url = file === undefined ? {} : { SCIM_OPERATOR_DATABASE_URL: 'postgres://db/scim' };
    const { kind } = readInvocation(['run'], { ...options, ...url });
    expect(kind).toBe('command');
    const known = new Set(Object.values(OPTIONS).map(({ variable }) => variable));
    expect(Object.keys(data ?? {}).filter((name) => !known.has(name))).toEqual([]);
  });

  it('renders the same objects with both helms, none of them twice', async () => {
    const [first, second] = await Promise.all(
      BOTH_HELMS.map((major) => new Helm(major).objects(values)),
    );
    expect(names(first ?? []).toSorted()).toEqual(names(second ?? []).toSorted());
    expect(first?.length).toBe(new Set(names(first ?? [])).size);
    for (const object of first ?? [])
      expect(second).toContainEqual(expect.objectContaining({ ...object }));
  });
});

describe('by default', () => {
  it('one pod runs everything on a volume that stays', async () => {
    const objects = await render(MINIMAL);
    const { replicas, strategy, template } = deployment(objects);
    const [container] = template.spec.containers;
    expect([replicas, strategy.type, container.args]).toEqual([1, 'Recreate', ['run']]);
    const claim = only(objects, 'PersistentVolumeClaim');
    expect(claim.metadata.annotations).toEqual(KEPT);
    expect(claim.spec).toMatchObject({ accessModes: ['ReadWriteOncePod'] });
    expect(only(objects, 'ConfigMap').data).toMatchObject({
      SCIM_OPERATOR_PUBLIC_URL: 'https://scim.example.com',
      SCIM_OPERATOR_DATABASE_URL: 'file:/var/lib/scim-operator/directory.db',
      SCIM_OPERATOR_RATE_LIMIT: '1000',
    });
    expect(template.spec.volumes).toContainEqual({
      name: 'directory',
      persistentVolumeClaim: { claimName: 'scim-operator' },
    });
  });

  it('the pod is confined as far as it can be', async () => {
    const { spec } = deployment(await render(MINIMAL)).template;
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.containers[0].resources.limits).toEqual({ memory: '512Mi' });
  });

  it('the operator has exactly the permissions of the code, and its name for the Lease', async () => {
    const objects = await render(MINIMAL);
    expect(only(objects, 'ClusterRole', 'scim-operator').rules).toEqual([
      ...OPERATOR_RULES,
      ...CONSOLE_RULES,
    ]);
    expect(only(objects, 'Role').rules).toEqual(ELECTION_RULES);
    const subjects = [
      { kind: 'ServiceAccount', name: 'scim-operator', namespace: 'scim-operator' },
    ];
    expect(only(objects, 'ClusterRoleBinding').subjects).toEqual(subjects);
    const [{ env = [] }] = deployment(objects).template.spec.containers;
    expect(env.map(({ name }) => name)).toEqual([
      'SCIM_OPERATOR_LEADER_ELECTION_IDENTITY',
      'SCIM_OPERATOR_LEADER_ELECTION_NAMESPACE',
    ]);
  });

  it('admission policies confine the ServiceAccount of the release', async () => {
    const objects = await render(MINIMAL);
    const expected = confinementPolicies({
      name: 'scim-operator',
      user: 'system:serviceaccount:scim-operator:scim-operator',
    });
    for (const { kind, metadata, spec } of expected)
      expect(only(objects, kind, metadata.name).spec).toEqual(spec);
  });

  it('annotations of the volume take precedence over those that keep it', async () => {
    const annotations = { 'argocd.argoproj.io/sync-options': 'Prune=confirm', team: 'identity' };
    const objects = await render({ ...MINIMAL, persistence: { annotations } });
    expect(only(objects, 'PersistentVolumeClaim').metadata.annotations).toEqual({
      ...KEPT,
      ...annotations,
    });
  });

  it('a volume without annotations and kept by nothing is possible with null', async () => {
    const values = { ...MINIMAL, persistence: { annotations: null, keep: null } };
    const { metadata } = only(await render(values), 'PersistentVolumeClaim');
    expect(metadata.annotations).toBeUndefined();
  });

  it('the CRDs and the policy of ScimGroupBindings stay when the release goes', async () => {
    const objects = await render(MINIMAL);
    const kept = objects.filter(
      ({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep',
    );
    for (const { metadata } of kept) expect(metadata.annotations).toEqual(KEPT);
    expect(names(kept).toSorted()).toEqual([
      'CustomResourceDefinition /scimgroupbindings.scim-operator.dev',
      'CustomResourceDefinition /scimintegrations.scim-operator.dev',
      'CustomResourceDefinition /scimtenants.scim-operator.dev',
      'PersistentVolumeClaim scim-operator/scim-operator',
      'ValidatingAdmissionPolicy /scimgroupbindings.scim-operator.dev',
      'ValidatingAdmissionPolicyBinding /scimgroupbindings.scim-operator.dev',
    ]);
  });

  it('each of its roles is complete: viewers read, editors write integrations, and only admins write group bindings', async () => {
    const objects = await render(MINIMAL);
    const [viewer, editor, admin] = ['viewer', 'editor', 'admin'].map((name) => {
      const role = objects.find(({ metadata }) => metadata.name === `scim-operator-${name}`);
      const rules = role?.rules as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
      return rules.flatMap(({ apiGroups, resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${apiGroups}`)),
      );
    });
    const created = [viewer, editor, admin].map((rules = []) =>
      rules.filter((rule) => rule.startsWith('create ')),
    );
    const [integrations, bindings] = ['scimintegrations', 'scimgroupbindings'].map(
      (resource) => `create ${resource}.scim-operator.dev`,
    );
    expect(created).toEqual([[], [integrations], [integrations, bindings]]);
    expect(viewer).toContain('list users.directory.scim-operator.dev');
    expect(editor).toEqual(expect.arrayContaining(viewer ?? []));
    expect(admin).toEqual(expect.arrayContaining(editor ?? []));
  });

  it('each of its roles is added to the role of the cluster that includes the smaller ones', async () => {
    const objects = await render(MINIMAL);
    const into = objects.flatMap(({ metadata: { name, labels = {} } }) =>
      Object.keys(labels)
        .filter((label) => label.includes('/aggregate-to-'))
        .map((label) => `${name} ${label.replace(/.*-to-/, '')}`),
    );
    expect(into).toEqual([
      'scim-operator-viewer view',
      'scim-operator-editor edit',
      'scim-operator-admin admin',
    ]);
  });
});

describe('on PostgreSQL', () => {
  it('there is no volume; the URL is read from a file of the Secret, and pods are replaced one by one', async () => {
    const objects = await render({ ...ON_POSTGRESQL, replicaCount: 2 });
    expect(kindsOf(objects)).not.toContain('PersistentVolumeClaim');
    const { replicas, strategy, template } = deployment(objects);
    expect([replicas, strategy.type]).toEqual([2, 'RollingUpdate']);
    const data = only(objects, 'ConfigMap').data ?? {};
    expect(data.SCIM_OPERATOR_DATABASE_URL_FILE).toBe('/etc/scim-operator/database/url');
    expect(data).not.toHaveProperty('SCIM_OPERATOR_DATABASE_URL');
    expect(template.spec.volumes).toHaveLength(1);
    expect(template.spec.topologySpreadConstraints).toHaveLength(1);
    expect(template.spec.containers[0].lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
  });

  it('an autoscaler decides alone how many pods there are', async () => {
    const objects = await render({ ...ON_POSTGRESQL, autoscaling: { enabled: true } });
    expect(deployment(objects)).not.toHaveProperty('replicas', expect.anything());
    expect(only(objects, 'HorizontalPodAutoscaler').spec).toMatchObject({ minReplicas: 2 });
  });

  it('a server apart from the operator has neither a token nor a permission', async () => {
    const objects = await render({ ...ON_POSTGRESQL, operator: { separate: true } });
    const server = deployment(objects).template.spec;
    expect(server.automountServiceAccountToken).toBe(false);
    expect(server.containers[0].args).toEqual(['server']);
    expect(server.containers[0].env ?? []).toEqual([]);
    const operator = deployment(objects, 'scim-operator-operator').template.spec;
    expect(operator.automountServiceAccountToken).toBe(true);
    expect(operator.containers[0].args).toEqual(['operator']);
    const bound = objects
      .filter(({ kind }) => kind.endsWith('RoleBinding'))
      .flatMap(({ subjects }) => subjects as { name: string }[])
      .map(({ name }) => name);
    expect(new Set(bound)).toEqual(new Set([operator.serviceAccountName]));
    expect(bound).not.toContain(server.serviceAccountName);
  });
});

describe('with values', () => {
  it('watched namespaces get a Role each, and the ClusterRole is small', async () => {
    const objects = await render({
      ...MINIMAL,
      watchNamespaces: ['acme', 'globex'],
      groupBindings: { enabled: true, clusterRoles: ['view'] },
      sso: SSO,
    });
    const more = [
      ...groupBindingRules(['view']),
      ...CONSOLE_NAMESPACE_RULES,
      ...defaultRoleRules(['scim-operator-viewer']),
    ];
    for (const namespace of ['acme', 'globex']) {
      const role = objects.find(
        ({ kind, metadata }) => kind === 'Role' && metadata.namespace === namespace,
      );
      expect(role?.rules).toEqual([...WATCHED_NAMESPACE_RULES, ...more]);
    }
    const rules = [...CLUSTER_RULES, ...TENANT_RULES, ...CONSOLE_CLUSTER_RULES, ...POLICY_RULES];
    expect(only(objects, 'ClusterRole', 'scim-operator').rules).toEqual(rules);
    const data = only(objects, 'ConfigMap', 'scim-operator').data ?? {};
    expect(data.SCIM_OPERATOR_WATCH_NAMESPACES).toBe('acme,globex');
    expect(data.SCIM_OPERATOR_GROUP_BINDINGS).toBe('true');
  });

  it('no ClusterRole can be bound unless it is named', async () => {
    const objects = await render({ ...MINIMAL, groupBindings: { enabled: true } });
    expect(only(objects, 'ClusterRole', 'scim-operator').rules).toEqual([
      ...OPERATOR_RULES,
      ...groupBindingRules(),
      ...CONSOLE_RULES,
      ...POLICY_RULES,
    ]);
  });

  it('a default role can be bound, and nothing more without a console', async () => {
    const rulesOf = async (values: Values) =>
      only(await render({ ...MINIMAL, ...values }), 'ClusterRole', 'scim-operator').rules;
    const roles = defaultRoleRules(['admin', 'scim-operator-viewer']);
    expect(await rulesOf({ sso: { ...SSO, defaultRoles: ['admin'] } })).toEqual([
      ...OPERATOR_RULES,
      ...CONSOLE_NAMESPACE_RULES,
      ...roles,
      ...CONSOLE_CLUSTER_RULES,
    ]);
    expect(await rulesOf({ console: { enabled: false } })).toEqual(OPERATOR_RULES);
  });

  it('each provider has a client secret, which the pod reads', async () => {
    const objects = await render({ ...MINIMAL, sso: SSO });
    const text = only(objects, 'ConfigMap', 'scim-operator-sso').data?.['sso.yaml'] ?? '';
    const { providers } = loadYaml<{ providers: { clientSecretFile: string }[] }>(text);
    expect(providers.map(({ clientSecretFile }) => clientSecretFile)).toEqual([
      '/etc/scim-operator/sso/okta',
      '/etc/elsewhere/entra',
    ]);
    const { spec } = deployment(objects).template;
    expect(spec.volumes).toContainEqual({
      name: 'sso',
      projected: {
        defaultMode: 0o440,
        sources: [
          { configMap: { name: 'scim-operator-sso' } },
          { secret: { name: 'sso-clients' } },
        ],
      },
    });
    expect(spec.containers[0].volumeMounts).toContainEqual({
      name: 'sso',
      mountPath: '/etc/scim-operator/sso',
      readOnly: true,
    });
    const options = only(objects, 'ConfigMap', 'scim-operator').data;
    expect(options?.SCIM_OPERATOR_SSO_CONFIG).toBe('/etc/scim-operator/sso/sso.yaml');
  });

  it('the console is on the pods of the operator, if it is apart', async () => {
    const values = { ...ON_POSTGRESQL, operator: { separate: true }, sso: SSO };
    const ingress = { enabled: true };
    const httpRoute = { enabled: true, parentRefs: [{ name: 'public' }] };
    const objects = await render({ ...values, ingress, httpRoute });
    const service = only(objects, 'Service', 'scim-operator-console');
    expect(service.spec).toMatchObject({
      selector: { 'app.kubernetes.io/component': 'operator' },
      ports: [{ port: 80, targetPort: 'scim' }],
    });
    const hasSso = ({ template }: DeploymentSpec) =>
      template.spec.volumes.some((volume) => JSON.stringify(volume).includes('"sso"'));
    expect(hasSso(deployment(objects))).toBe(false);
    expect(hasSso(deployment(objects, 'scim-operator-operator'))).toBe(true);
    const { rules } = only(objects, 'Ingress').spec as {
      rules: [{ http: { paths: { path: string; backend: { service: { name: string } } }[] } }];
    };
    expect(rules[0].http.paths.map(({ path, backend }) => [path, backend.service.name])).toEqual([
      ...['/console', '/oauth', '/logout', '/setup'].map((path) => [path, 'scim-operator-console']),
      ['/', 'scim-operator'],
    ]);
    expect(only(objects, 'HTTPRoute').spec).toMatchObject({
      rules: [
        { backendRefs: [{ name: 'scim-operator-console' }] },
        { backendRefs: [{ name: 'scim-operator' }] },
      ],
    });
    const off = await render({ ...values, sso: {}, ingress, console: { enabled: false } });
    expect(names(off)).not.toContain('Service scim-operator/scim-operator-console');
    expect(JSON.stringify(only(off, 'Ingress').spec)).not.toContain('console');
  });

  it('OpenShift chooses the user and the groups', async () => {
    const objects = await render(MINIMAL, ['--api-versions=security.openshift.io/v1']);
    const { securityContext } = deployment(objects).template.spec;
    expect(Object.keys(securityContext)).not.toContain('runAsUser');
    expect(Object.keys(securityContext)).not.toContain('fsGroup');
    expect(securityContext).toMatchObject({ runAsNonRoot: true });
  });

  it('a monitor is left out while its CRD is missing', async () => {
    const values = { ...MINIMAL, metrics: { serviceMonitor: { enabled: true } } };
    expect(kindsOf(await render(values))).not.toContain('ServiceMonitor');
    const there = await render(values, ['--api-versions=monitoring.coreos.com/v1/ServiceMonitor']);
    expect(kindsOf(there)).toContain('ServiceMonitor');
  });

  it.each([
    [{}, /:\d+\.\d+\.\d+$/],
    [{ tag: 'edge' }, /:edge$/],
    [{ digest: `sha256:${'a'.repeat(64)}` }, /operator@sha256:a{64}$/],
    [{ tag: '1.2.3', digest: `sha256:${'a'.repeat(64)}` }, /:1\.2\.3@sha256:a{64}$/],
  ])('image %j is %s', async (image, expected) => {
    const objects = await render({ ...MINIMAL, image });
    expect(deployment(objects).template.spec.containers[0].image).toMatch(expected);
  });

  it('TLS is on both ports, and for the probes', async () => {
    const objects = await render({ ...MINIMAL, tls: { existingSecret: 'certificate' } });
    const [container] = deployment(objects).template.spec.containers;
    expect(container.livenessProbe.httpGet.scheme).toBe('HTTPS');
    expect(only(objects, 'ConfigMap').data).toMatchObject({
      SCIM_OPERATOR_TLS_CERT: '/tls/tls.crt',
      SCIM_OPERATOR_TLS_KEY: '/tls/tls.key',
    });
    expect(only(objects, 'Service', 'scim-operator').spec).toMatchObject({
      ports: [{ name: 'https', port: 443 }],
    });
  });

  it('large numbers are written in full', async () => {
    const objects = await render({ ...MINIMAL, rateLimit: 1_000_000 });
    expect(only(objects, 'ConfigMap').data?.SCIM_OPERATOR_RATE_LIMIT).toBe('1000000');
  });

  it('releases of one name in two namespaces share no object of the cluster', async () => {
    const clusterWide = async (namespace: string) =>
      names(await helm.objects({ ...MINIMAL, crds: { enabled: false } }, { namespace })).filter(
        (name) => name.includes(' /'),
      );
    const [one, other] = [await clusterWide('one'), await clusterWide('other')];
    expect(one.length).toBeGreaterThan(0);
    expect(one.filter((name) => other.includes(name))).toEqual([]);
  });

  it('objects of your own are templates, as maps and as texts', async () => {
    const objects = await render(MATRIX['everything, on SQLite'] ?? {});
    expect(names(objects)).toContain('ConfigMap /scim-operator-map');
    expect(names(objects)).toContain('ConfigMap /scim-operator-text');
  });

  it('the alerts have a runbook each, and those that you leave out are not there', async () => {
    const { spec } = only(await render(MATRIX['everything, on SQLite'] ?? {}), 'PrometheusRule');
    const { groups } = spec as {
      groups: { rules: { alert: string; annotations: { runbook_url: string } }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.map(({ alert }) => alert)).not.toContain('ScimTokenExpires');
    expect(rules.length).toBeGreaterThan(15);
    for (const { alert, annotations } of rules)
      expect(annotations.runbook_url).toMatch(new RegExp(`alerts\\.md#${alert.toLowerCase()}$`));
  });
});

describe.each(BOTH_HELMS)('helm %s', (major) => {
  it('finds nothing to criticise', async () => {
    const args = ['lint', '--strict', 'charts/scim-operator', '--values', '-'];
    const said = await new Helm(major).run(args, {}, MINIMAL);
    expect(said).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(said).not.toMatch(/WARNING|ERROR/);
  });
});
