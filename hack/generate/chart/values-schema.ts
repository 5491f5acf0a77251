/** values.schema.json: what each value may be. Rules across values are in templates/checks.yaml. */
import { z } from 'zod';
import { OPTIONS } from '../../../src/config/options.ts';
import { DURATION_PATTERN } from '../../../src/crd/duration.ts';
import { NAME_CASES, NAME_SOURCES } from '../../../src/directory/kubernetes-names.ts';
import { LOG_LEVELS } from '../../../src/logger.ts';
import { providerSchema, ssoSchema } from '../../../src/sso/config/schema.ts';

const text = z.string();
const flag = z.boolean();
const number = (least: number, most: number) => z.int().min(least).max(most);
const port = number(1, 65_535);
const map = z.record(text, text);
/** Passed on to Kubernetes, which knows its fields. */
const object = z.record(text, z.unknown());
const objects = z.array(object);
/** Helm's regular expressions are Go's: there is no look-ahead. */
const whole = (pattern: string) => z.string().regex(new RegExp(`^(?:${pattern})$`));
const optional = (pattern: string) => whole(`(?:${pattern})?`);

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(?:\\.${LABEL})*`;
/** Of the program. */
const duration = z.string().regex(new RegExp(DURATION_PATTERN));
/** Of Prometheus and cert-manager. */
const DURATION = '(?:[0-9]+(?:\\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+';
const QUANTITY = '[0-9]+(?:\\.[0-9]+)?(?:[kMGTPE]i?)?';
const name = optional(SUBDOMAIN);
const amount = z.union([number(0, 1_000), whole('[0-9]{1,3}%')]).nullable();

/** Nothing is required: helm lays what is given over values.yaml. */
const part = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape).partial();

const MONITOR = {
  enabled: flag,
  labels: map,
  interval: optional(DURATION),
  scrapeTimeout: optional(DURATION),
  tlsConfig: object,
  relabelings: objects,
  metricRelabelings: objects,
};

/** The chart fills in the path of a client secret. */
const SSO_CONFIG = part({
  providers: z
    .array(providerSchema.partial({ clientSecretFile: true }))
    .describe(ssoSchema.shape.providers.description ?? ''),
});

const VALUES = part({
  publicUrl: text,
  logLevel: z.enum(LOG_LEVELS),
  rateLimit: number(OPTIONS.rateLimit.least, OPTIONS.rateLimit.most),
  maxUnauthenticatedConnections: number(
    OPTIONS.maxUnauthenticatedConnections.least,
    OPTIONS.maxUnauthenticatedConnections.most,
  ),
  deprovisionDelay: duration,
  activity: part({ retention: duration, log: flag }),
  watchNamespaces: z.array(whole(LABEL)).meta({ uniqueItems: true }),
  groupBindings: part({
    enabled: flag,
    clusterRoles: z.array(text.min(1)).meta({ uniqueItems: true }),
    usernamePrefix: text.min(1),
    usernameFrom: z.enum(NAME_SOURCES),
    usernameCase: z.enum(NAME_CASES),
  }),
  console: part({
    enabled: flag,
    session: part({ idle: duration, lifetime: duration }),
  }),
  sso: part({
    config: SSO_CONFIG,
    clientSecrets: name,
    existingSecret: part({ name, key: whole('[-._a-zA-Z0-9]+') }),
    defaultRoles: z.array(text.min(1)).meta({ uniqueItems: true }),
  }),
  image: part({
    repository: whole('\\S+'),
    tag: optional('[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}'),
    digest: optional('sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(part({ name: text })),
  replicaCount: number(0, 1_000).nullable(),
  database: part({
    existingSecret: part({ name, key: whole('[-._a-zA-Z0-9]+') }),
    connections: number(OPTIONS.databaseConnections.least, OPTIONS.databaseConnections.most),
  }),
  persistence: part({
    enabled: flag.nullable(),
    size: whole(QUANTITY),
    storageClass: optional(`-|${SUBDOMAIN}`),
    accessMode: z.enum(['ReadWriteOncePod', 'ReadWriteOnce']),
    existingClaim: name,
    keep: flag,
    annotations: map,
    emptyDir: flag,
  }),
  crds: part({ enabled: flag, keep: flag }),
  operator: part({
    separate: flag,
    replicaCount: number(0, 100),
    resources: object,
    admissionPolicy: flag,
  }),
  serviceAccount: part({ create: flag, name, annotations: map, labels: map }),
  rbac: part({ create: flag, aggregateClusterRoles: flag }),
  service: part({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: port.nullable(),
    nodePort: port.nullable(),
    annotations: map,
    labels: map,
    loadBalancerClass: text,
    loadBalancerSourceRanges: z.array(text),
    externalTrafficPolicy: z.enum(['', 'Cluster', 'Local']),
    ipFamilyPolicy: z.enum(['', 'SingleStack', 'PreferDualStack', 'RequireDualStack']),
    ipFamilies: z.array(z.enum(['IPv4', 'IPv6'])),
  }),
  ingress: part({
    enabled: flag,
    className: name,
    annotations: map,
    labels: map,
    host: text,
    path: whole('/\\S*'),
    pathType: z.enum(['Prefix', 'Exact', 'ImplementationSpecific']),
    tls: part({ secretName: name }),
  }),
  httpRoute: part({
    enabled: flag,
    parentRefs: objects,
    hostnames: z.array(text),
    path: whole('/\\S*'),
    filters: objects,
    annotations: map,
    labels: map,
  }),
  tls: part({
    existingSecret: name,
    certManager: part({
      issuerRef: part({ name, kind: text, group: text }),
      dnsNames: z.array(text),
      duration: optional(DURATION),
      renewBefore: optional(DURATION),
    }),
  }),
  networkPolicy: part({
    enabled: flag,
    ingress: part({ from: objects, metricsFrom: objects }),
    egress: part({
      apiServerPorts: z.array(port).min(1),
      apiServerTo: objects,
      databasePort: port,
      databaseTo: objects,
      ssoPorts: z.array(port).min(1),
      ssoTo: objects,
      extra: objects,
    }),
  }),
  podDisruptionBudget: part({ enabled: flag, minAvailable: amount, maxUnavailable: amount }),
  autoscaling: part({
    enabled: flag,
    minReplicas: number(1, 1_000),
    maxReplicas: number(1, 1_000),
    targetCPUUtilizationPercentage: number(1, 1_000),
    metrics: objects,
    behavior: object,
  }),
  metrics: part({
    renderMode: z.enum(['skipIfMissing', 'failIfMissing', 'alwaysRender']),
    service: part({ annotations: map }),
    serviceMonitor: part(MONITOR),
    podMonitor: part(MONITOR),
    prometheusRule: part({ enabled: flag, labels: map, disabled: z.array(text) }),
    dashboard: part({ enabled: flag, labels: map, annotations: map, namespace: name }),
  }),
  resources: object,
  podSecurityContext: object,
  securityContext: object,
  terminationGracePeriodSeconds: number(1, 3_600),
  livenessProbe: object,
  readinessProbe: object,
  startupProbe: object,
  nodeSelector: map,
  tolerations: objects,
  affinity: object,
  topologySpreadConstraints: objects,
  priorityClassName: name,
  runtimeClassName: name,
  dnsConfig: object,
  hostAliases: objects,
  podAnnotations: map,
  podLabels: map,
  deploymentAnnotations: map,
  commonLabels: map,
  extraArgs: z.array(text),
  extraEnv: objects,
  extraEnvFrom: objects,
  extraVolumes: objects,
  extraVolumeMounts: objects,
  extraContainers: objects,
  initContainers: objects,
  extraObjects: z.array(z.union([text, object])),
  nameOverride: optional(LABEL),
  fullnameOverride: optional(LABEL),
  // Of a chart that has this one as a dependency.
  global: object,
});

interface Schema {
  anyOf?: readonly { readonly type?: unknown }[];
  type?: unknown;
}

/** The text of values.schema.json. */
export function printValuesSchema(): string {
  const schema = z.toJSONSchema(VALUES, {
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => nameTypes(jsonSchema as Schema),
  });
  const title = 'Values of the chart scim-operator';
  return `${JSON.stringify({ title, ...schema }, null, 2)}\n`;
}

/** "got string, want null or boolean" tells more than "'anyOf' failed". */
function nameTypes(schema: Schema): void {
  const { anyOf } = schema;
  const [first, second, ...others] = anyOf ?? [];
  if (first === undefined || second?.type !== 'null' || others.length > 0) return;
  if (typeof first.type !== 'string') return;
  delete schema.anyOf;
  Object.assign(schema, first, { type: [first.type, 'null'] });
}
