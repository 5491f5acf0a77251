/** Values that the chart is tested with, each under the name of what it is about. */
import type { Values } from './helm.ts';

export const PUBLIC_URL = 'https://scim.example.com';
const DATABASE = { existingSecret: { name: 'scim-operator-database' } };

export const MINIMAL: Values = { publicUrl: PUBLIC_URL };

const OKTA = {
  name: 'okta',
  issuer: 'https://acme.okta.com',
  clientId: 'client',
  tenants: ['acme'],
  defaultRole: 'scim-operator-viewer',
};
const ENTRA = {
  ...OKTA,
  name: 'entra',
  issuer: 'https://login.microsoftonline.com/id/v2.0',
  clientSecretFile: '/etc/elsewhere/entra',
};

/** Sign-in at two identity providers. */
export const SSO: Values = { config: { providers: [OKTA, ENTRA] }, clientSecrets: 'sso-clients' };

export const ON_POSTGRESQL: Values = { ...MINIMAL, database: DATABASE };

const MONITORING = {
  renderMode: 'alwaysRender',
  service: { annotations: { 'example.com/scrape': 'yes' } },
  serviceMonitor: {
    enabled: true,
    labels: { release: 'prometheus' },
    interval: '30s',
    scrapeTimeout: '10s',
    relabelings: [{ action: 'labeldrop', regex: 'pod' }],
    metricRelabelings: [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_.*' }],
  },
  prometheusRule: { enabled: true, labels: { role: 'alerts' }, disabled: ['ScimTokenExpires'] },
  dashboard: { enabled: true, annotations: { folder: 'Identity' }, namespace: 'monitoring' },
};

const EXTRAS = {
  imagePullSecrets: [{ name: 'registry' }],
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'example.com/infra', operator: 'Exists' }],
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 1,
          preference: {
            matchExpressions: [{ key: 'example.com/disk', operator: 'In', values: ['ssd'] }],
          },
        },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { 'app.kubernetes.io/instance': '{{ .Release.Name }}' } },
    },
  ],
  priorityClassName: 'system-cluster-critical',
  runtimeClassName: 'gvisor',
  dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
  hostAliases: [{ ip: '192.0.2.1', hostnames: ['idp.example.com'] }],
  podAnnotations: { 'example.com/pod': 'yes' },
  podLabels: { 'example.com/team': 'identity' },
  deploymentAnnotations: { 'example.com/deployment': 'yes' },
  commonLabels: { 'example.com/cost-centre': '42' },
  extraArgs: ['--leader-election-lease-duration=30s'],
  extraEnv: [{ name: 'RELEASE', value: '{{ .Release.Name }}' }],
  extraEnvFrom: [{ secretRef: { name: 'more', optional: true } }],
  extraVolumes: [{ name: 'ca', configMap: { name: '{{ .Release.Name }}-ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ssl/company', readOnly: true }],
  extraObjects: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-map' } },
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-text\n',
  ],
};

/** Each is rendered, compared and applied. */
export const MATRIX: Readonly<Record<string, Values>> = {
  'what is required': MINIMAL,
  'a volume of your own': { ...MINIMAL, persistence: { existingClaim: 'directory' } },
  'an emptyDir': { ...MINIMAL, persistence: { enabled: false, emptyDir: true } },
  'a storage class': {
    ...MINIMAL,
    persistence: { storageClass: 'fast', size: '10Gi', accessMode: 'ReadWriteOnce', keep: false },
  },
  'everything, on SQLite': {
    ...MINIMAL,
    ...EXTRAS,
    activity: { retention: '2160h', log: true },
    groupBindings: {
      enabled: true,
      clusterRoles: ['view', 'edit'],
      usernamePrefix: 'oidc:{tenant}:',
      usernameFrom: 'email',
      usernameCase: 'lower',
    },
    console: { session: { idle: '30m', lifetime: '8h' } },
    sso: SSO,
    ingress: {
      enabled: true,
      className: 'nginx',
      annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
      labels: { 'example.com/public': 'yes' },
      tls: { secretName: 'scim-example-com' },
    },
    httpRoute: { enabled: true, parentRefs: [{ name: 'public', namespace: 'gateways' }] },
    service: {
      type: 'LoadBalancer',
      port: 8443,
      nodePort: 30443,
      annotations: { 'example.com/lb': 'internal' },
      loadBalancerClass: 'example.com/lb',
      loadBalancerSourceRanges: ['192.0.2.0/24'],
      externalTrafficPolicy: 'Local',
      ipFamilyPolicy: 'PreferDualStack',
      ipFamilies: ['IPv4'],
    },
    tls: { existingSecret: 'scim-operator-tls' },
    networkPolicy: {
      enabled: true,
      ingress: {
        from: [
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } },
        ],
        metricsFrom: [{ podSelector: {} }],
      },
      egress: { apiServerTo: [{ ipBlock: { cidr: '192.0.2.1/32' } }] },
    },
    metrics: MONITORING,
    serviceAccount: { name: 'scim', annotations: { 'example.com/role': 'scim' } },
  },
  'sign-in from a Secret, with an Ingress and the operator apart': {
    ...ON_POSTGRESQL,
    operator: { separate: true },
    ingress: { enabled: true, path: '/scim' },
    networkPolicy: { enabled: true, egress: { ssoTo: [{ ipBlock: { cidr: '192.0.2.2/32' } }] } },
    sso: { existingSecret: { name: 'sso', key: 'providers.yaml' }, defaultRoles: ['viewer'] },
  },
  'no console': { ...ON_POSTGRESQL, operator: { separate: true }, console: { enabled: false } },
  'two replicas on PostgreSQL': {
    ...ON_POSTGRESQL,
    replicaCount: 2,
    podDisruptionBudget: { enabled: true },
    networkPolicy: { enabled: true },
  },
  'server and operator apart, with an autoscaler': {
    ...ON_POSTGRESQL,
    operator: { separate: true, replicaCount: 2, resources: { requests: { cpu: '10m' } } },
    autoscaling: {
      enabled: true,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 600 } },
    },
    podDisruptionBudget: { enabled: true, minAvailable: '50%' },
    networkPolicy: { enabled: true, egress: { databasePort: 6432 } },
    metrics: { renderMode: 'alwaysRender', podMonitor: { enabled: true } },
  },
  'some namespaces, with group bindings': {
    ...MINIMAL,
    watchNamespaces: ['acme', 'globex'],
    groupBindings: { enabled: true, clusterRoles: ['view'] },
    sso: SSO,
  },
  'a certificate of cert-manager': {
    ...MINIMAL,
    tls: {
      certManager: {
        issuerRef: { name: 'company', kind: 'ClusterIssuer' },
        dnsNames: ['scim.internal'],
        duration: '2160h',
        renewBefore: '360h',
      },
    },
    metrics: { renderMode: 'alwaysRender', serviceMonitor: { enabled: true } },
  },
  'nothing of the cluster': {
    ...MINIMAL,
    crds: { enabled: false },
    rbac: { create: false, aggregateClusterRoles: false },
    serviceAccount: { create: false, name: 'prepared' },
    operator: { admissionPolicy: false },
    fullnameOverride: 'identity',
  },
};

/** What neither the chart nor the program accepts → what helm says. */
export const PROVIDER_REFUSALS: readonly (readonly [string, Values, RegExp])[] = [
  ['a name with a space', { name: 'Ok ta' }, /\/0\/name': 'Ok ta' does not match pattern/],
  ['a reserved name', { name: 'kubernetes' }, /providers\[0\].name must not be kubernetes/],
  ['no client', { clientId: undefined }, /\/0': missing property 'clientId'/],
  ['a field that there is not', { tenant: 'acme' }, /additional properties 'tenant'/],
  ['a type that there is not', { type: 'Auth0' }, /\/0\/type': value must be one of 'Okta'/],
  ['a text for tenants', { tenants: 'acme' }, /\/0\/tenants': got string, want array/],
  ['no tenant', { tenants: [] }, /\/0\/tenants': minItems: got 0, want 1/],
  ['http', { issuer: 'http://x' }, /providers\[0\].issuer must be an https URL/],
  ['an issuer without a scheme', { issuer: 'acme.okta.com' }, /issuer must be an https URL/],
  [
    'a query',
    { issuer: 'https://acme.okta.com?a=b' },
    /issuer must be an https URL without a query/,
  ],
  ['a user', { issuer: 'https://a:b@acme.okta.com' }, /issuer must be an https URL/],
  [
    'every tenant of Entra',
    { issuer: 'https://login.microsoftonline.com/common/v2.0' },
    /providers\[0\].issuer must name your tenant/,
  ],
  ['scopes without openid', { scopes: ['email'] }, /providers\[0\].scopes must contain openid/],
  ['no scopes', { scopes: [] }, /providers\[0\].scopes must contain openid/],
  [
    'an unverified address',
    { match: { claim: 'upn', attribute: 'email' } },
    /providers\[0\].match.claim must be email/,
  ],
  [
    'an attribute that there is not',
    { match: { claim: 'upn', attribute: 'mail' } },
    /\/match\/attribute': value must be one of 'userName'/,
  ],
  ['a slash in a role', { defaultRole: 'a/b' }, /\/0\/defaultRole': 'a\/b' does not match pattern/],
  ['a relative path', { clientSecretFile: 'okta' }, /\/clientSecretFile': 'okta' does not match/],
];

/** What both accept. */
export const PROVIDERS: readonly Values[] = [
  OKTA,
  ENTRA,
  { ...OKTA, type: 'Other', displayName: 'Zażółć', issuer: 'http://localhost:8080/realms/a' },
  { ...OKTA, issuer: 'http://[::1]:8080', scopes: ['profile', 'openid'] },
  { ...OKTA, issuer: 'HTTPS://id.example.com/', match: { claim: 'email', attribute: 'email' } },
];

/** Durations of a session: what both accept, and what neither does. */
export const SESSIONS: readonly (readonly [string, RegExp | undefined])[] = [
  ['1m', undefined],
  ['0h60s', undefined],
  ['999999h', undefined],
  ['1s', /console.session.idle=1s is not allowed: it must be at least 1m/],
  ['0m59s', /console.session.idle=0m59s is not allowed: it must be at least 1m/],
  ['1.5h', /at '\/console\/session\/idle': '1.5h' does not match pattern/],
  ['90000ms', /at '\/console\/session\/idle': '90000ms' does not match pattern/],
];

/** Values → what helm says. */
export const REFUSALS: readonly (readonly [string, Values, RegExp])[] = [
  ['no publicUrl', {}, /publicUrl is required: the URL .*--set publicUrl=https:/],
  ['an ftp URL', { publicUrl: 'ftp://scim.example.com' }, /publicUrl must be an http or https URL/],
  ['a query', { publicUrl: `${PUBLIC_URL}/?a=b` }, /publicUrl must be .* without user, query/],
  ['a user', { publicUrl: 'https://a:b@scim.example.com' }, /publicUrl must be .* without user/],
  [
    'a path before an Ingress',
    { publicUrl: `${PUBLIC_URL}/scim`, ingress: { enabled: true } },
    /publicUrl has the path \/scim, but the server expects requests without it/,
  ],
  ['two replicas on SQLite', { ...MINIMAL, replicaCount: 2 }, /replicaCount=2 needs PostgreSQL/],
  [
    'an autoscaler on SQLite',
    { ...MINIMAL, autoscaling: { enabled: true } },
    /autoscaling.enabled needs PostgreSQL/,
  ],
  [
    'server and operator apart on SQLite',
    { ...MINIMAL, operator: { separate: true } },
    /operator.separate needs PostgreSQL/,
  ],
  [
    'no persistence',
    { ...MINIMAL, persistence: { enabled: false } },
    /persistence.enabled=false loses users.*persistence.emptyDir=true/,
  ],
  [
    'a volume and an emptyDir',
    { ...MINIMAL, persistence: { enabled: true, emptyDir: true } },
    /persistence.emptyDir and persistence.enabled exclude each other/,
  ],
  [
    'a claim without persistence',
    { ...MINIMAL, persistence: { enabled: false, existingClaim: 'mine', emptyDir: false } },
    /persistence/,
  ],
  ...(
    [
      ['a database and a volume', { enabled: true }],
      ['a database and a claim', { existingClaim: 'mine' }],
      ['a database and an emptyDir', { emptyDir: true }],
    ] as const
  ).map(
    ([name, persistence]) =>
      [
        name,
        { ...ON_POSTGRESQL, persistence },
        /database.existingSecret.name and persistence are both set/,
      ] as const,
  ),
  [
    'a budget for one replica',
    { ...MINIMAL, podDisruptionBudget: { enabled: true } },
    /podDisruptionBudget.enabled needs two replicas: with one it blocks every drain/,
  ],
  [
    'a budget with two limits',
    {
      ...ON_POSTGRESQL,
      replicaCount: 3,
      podDisruptionBudget: { enabled: true, minAvailable: 1, maxUnavailable: 1 },
    },
    /minAvailable and podDisruptionBudget.maxUnavailable exclude each other/,
  ],
  [
    'an autoscaler upside down',
    { ...ON_POSTGRESQL, autoscaling: { enabled: true, minReplicas: 4, maxReplicas: 2 } },
    /autoscaling.minReplicas=4 is greater than autoscaling.maxReplicas=2/,
  ],
  [
    'two certificates',
    { ...MINIMAL, tls: { existingSecret: 'a', certManager: { issuerRef: { name: 'b' } } } },
    /tls.existingSecret and tls.certManager.issuerRef.name exclude each other/,
  ],
  [
    'two monitors',
    { ...MINIMAL, metrics: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
    /metrics.serviceMonitor.enabled and metrics.podMonitor.enabled exclude each other/,
  ],
  [
    'a monitor that must not be missing',
    { ...MINIMAL, metrics: { renderMode: 'failIfMissing', podMonitor: { enabled: true } } },
    /metrics.podMonitor.enabled is set, but the cluster has no CRD of PodMonitor/,
  ],
  [
    'ClusterRoles without group bindings',
    { ...MINIMAL, groupBindings: { clusterRoles: ['view'] } },
    /groupBindings.clusterRoles is set, but groupBindings.enabled=false/,
  ],
  [
    'a prefix of Kubernetes',
    { ...MINIMAL, groupBindings: { usernamePrefix: 'system:' } },
    /groupBindings.usernamePrefix must not begin with system:/,
  ],
  [
    'two sources of providers',
    { ...MINIMAL, sso: { ...SSO, existingSecret: { name: 'sso' } } },
    /sso.config and sso.existingSecret.name exclude each other/,
  ],
  [
    'a provider that has only a name',
    { ...MINIMAL, sso: { config: { providers: [{ name: 'okta' }] }, clientSecrets: 'clients' } },
    /at '\/sso\/config\/providers\/0': missing properties '\w+', '\w+', '\w+'/,
  ],
  [
    'a provider without a client secret',
    { ...MINIMAL, sso: { config: { providers: [OKTA] } } },
    /sso.clientSecrets is required: the name of a Secret whose key okta/,
  ],
  [
    'sign-in without a console',
    { ...MINIMAL, sso: SSO, console: { enabled: false } },
    /sso is set, but console.enabled=false/,
  ],
  [
    'an attribute that there is not',
    { ...MINIMAL, groupBindings: { usernameFrom: 'mail' } },
    /at '\/groupBindings\/usernameFrom': value must be one of 'userName', 'email', 'externalId'/,
  ],
  [
    'a route to nowhere',
    { ...MINIMAL, httpRoute: { enabled: true } },
    /httpRoute.parentRefs is required/,
  ],
  [
    'no ServiceAccount',
    { ...MINIMAL, serviceAccount: { create: false } },
    /serviceAccount.name is required with serviceAccount.create=false/,
  ],
  [
    'a node port without a type',
    { ...MINIMAL, service: { nodePort: 30000 } },
    /service.nodePort needs service.type/,
  ],
  ['a misspelt value', { ...MINIMAL, replicaCounts: 2 }, /additional properties 'replicaCounts'/],
  [
    'a misspelt value further down',
    { ...MINIMAL, image: { repo: 'x' } },
    /at '\/image': additional properties 'repo'/,
  ],
  [
    'a policy that there is not',
    { ...MINIMAL, image: { pullPolicy: 'Sometimes' } },
    /at '\/image\/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'/,
  ],
  [
    'a text for a number',
    { ...MINIMAL, replicaCount: 'two' },
    /at '\/replicaCount': got string, want (?:integer or null|null or integer)/,
  ],
  [
    'a number out of range',
    { ...MINIMAL, rateLimit: 2_000_000 },
    /at '\/rateLimit': maximum: got 2\S*, want 1/,
  ],
  [
    'a text for a switch',
    { ...MINIMAL, persistence: { enabled: 'yes' } },
    /at '\/persistence\/enabled': got string, want (?:boolean or null|null or boolean)/,
  ],
  [
    'a level that there is not',
    { ...MINIMAL, logLevel: 'verbose' },
    /at '\/logLevel': value must be one of 'debug', 'info', 'warn', 'error', 'silent'/,
  ],
  [
    'no duration',
    { ...MINIMAL, deprovisionDelay: '10 minutes' },
    /at '\/deprovisionDelay': '10 minutes' does not match pattern/,
  ],
  [
    'a namespace in capitals',
    { ...MINIMAL, watchNamespaces: ['Acme'] },
    /at '\/watchNamespaces\/0': 'Acme' does not match pattern/,
  ],
];
