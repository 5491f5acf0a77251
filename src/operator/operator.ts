/** Wires reflectors and controllers to the directory. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Registry } from 'prom-client';
import { scimGroupBindingCrd, scimIntegrationCrd, scimTenantCrd } from '../crd/manifest.ts';
import { ANNOTATION_INTEGRATION_UID, GROUP, LABEL_INTEGRATION, ROLE_NAME } from '../crd/names.ts';
import type { Store } from '../directory/store/store.ts';
import { Backoff, pause } from '../kube/backoff.ts';
import { Client, type Fence } from '../kube/client.ts';
import type { Connection } from '../kube/connection.ts';
import { Controller } from '../kube/controller.ts';
import { type Outcome, outcomeOf } from '../kube/errors.ts';
import { EventRecorder } from '../kube/events.ts';
import { type ElectionTimes, LeaderElector } from '../kube/leader-election.ts';
import { Manager } from '../kube/manager.ts';
import { createKubeMetrics, type KubeMetrics } from '../kube/metrics.ts';
import { type KubeObject, keyOf, NAMESPACES, type ObjectKey, ROLES } from '../kube/resource.ts';
import type { Change } from '../kube/store.ts';
import type { Logger } from '../logger.ts';
import { Contentions } from './contentions.ts';
import type { Caches, OperatorContext } from './context.ts';
import { Definitions } from './definitions.ts';
import { DirectoryMarks } from './directory-marks.ts';
import { fencedStore } from './fence.ts';
import { createGroupBindingController } from './group-binding/controller.ts';
import { createRoleMetrics, RoleReport } from './group-binding/lost-roles.ts';
import { createPolicyMetric, PolicyReport } from './group-binding/policy-report.ts';
import { ActivityCache } from './integration/activity-cache.ts';
import { createReconcile } from './integration/reconcile.ts';
import { createRoleReconcile, type RoleState, type RoleStates } from './integration/role.ts';
import { SeenEnds } from './integration/seen-ends.ts';
import { sweepUntil } from './integration/sweep.ts';
import { UnwatchedReport } from './integration/unwatched.ts';
import { createOperatorMetrics, type OperatorMetrics } from './metrics.ts';
import { isOutage } from './obstacle.ts';
import { LEASE_NAME } from './rbac.ts';
import { cachesOf, createReflectors, type Reflectors } from './reflectors.ts';
import { createTenantController } from './tenant/controller.ts';
import { ReadSecrets } from './token/read-secrets.ts';
import { UnlabelledWatches } from './unlabelled.ts';

export interface OperatorOptions {
  readonly connection: Connection;
  readonly store: Store;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** Between the end of an integration with deletionPolicy Delete and that of its users and groups. */
  readonly deprovisionDelayMs: number;
  /** Undefined: all. */
  readonly watchNamespaces?: readonly string[] | undefined;
  /** Tells this operator from others on the cluster: the namespace of its Lease. */
  readonly installation: string;
  /** Undefined: ScimGroupBindings are left alone, and end what they gave. */
  readonly groupBindings?: GroupBindingOptions | undefined;
  /** Undefined: there is no other operator. */
  readonly election?: ElectionOptions | undefined;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now?: () => Date;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
  /** How often records without a resource are looked for. */
  readonly sweepIntervalMs?: number;
}

export interface GroupBindingOptions {
  /** Before every userName, so that no provisioned name means somebody else. */
  readonly usernamePrefix: string;
}

export interface ElectionOptions extends ElectionTimes {
  readonly namespace: string;
  /** A name that no other process has at the same time; undefined: there is none. */
  readonly identity: string | undefined;
  /** Whether to go on as a candidate after the lead was lost. */
  readonly campaignsAgain: boolean;
}

export interface Operator {
  /** Returns at once; an API server that is away is waited for. */
  start(): void;
  /** Finishes what is being reconciled, and hands over the lead. */
  stop(): Promise<void>;
  /** Resolves when the lead was lost and is not campaigned for again. */
  readonly lost: Promise<void>;
  /** Why the process should be started anew; undefined while everything goes on trying. */
  stuck(): string | undefined;
  /** Why the cluster is not looked after in full, leading or standing by: not read yet, or a permission is missing. */
  unready(): string | undefined;
}

const UNKNOWN_CLUSTER = 'the namespace kube-system, whose UID names the cluster, was not read yet';

function unwritten(keys: ReadonlySet<string>): string | undefined {
  const [key] = keys;
  return key && `the status of ScimIntegration ${key} may not be written; the log says why`;
}

export function createOperator(options: OperatorOptions): Operator {
  const { connection, log, registry, election } = options;
  const metrics = createKubeMetrics(registry);
  const { watchNamespaces } = options;
  let led: Caches | undefined;
  let marks: DirectoryMarks | undefined;
  const ours = createOperatorMetrics(
    registry,
    () => led,
    () => marks?.others ?? 0,
  );
  const unwatched = new UnwatchedReport(watchNamespaces, ours, log);
  const policyReport = new PolicyReport(createPolicyMetric(registry), log);
  const unwritable = new Set<string>();
  const client = new Client(connection, metrics);
  const elector = election && createElector(election, options, metrics);
  const stop = new AbortController();
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  const definitions = new Definitions({
    client,
    wanted: definitionsOf(options),
    metrics: ours,
    log,
  });
  let manager: Manager | undefined;
  let running: Promise<void> | undefined;

  const run = async () => {
    const clusterUid = await readClusterUid(client, log, stop.signal);
    if (clusterUid === undefined) return;
    log.info({ namespaces: watchNamespaces ?? 'all' }, 'these namespaces are looked after');
    const followsGroups = options.groupBindings !== undefined;
    const reflectors = createReflectors(client, log, metrics, {
      namespaces: watchNamespaces,
      followsGroups,
    });
    const here = new DirectoryMarks({
      directoryKey: options.store.cursorKey,
      clusterUid,
      lease: election && `${election.namespace}/${LEASE_NAME}`,
      log,
    });
    marks = here;
    reflectors.integrations.store.onChange(({ object }) => here.observe(object));
    // Older than any term, so that what a standby sees counts when it leads.
    const seenEnds = new SeenEnds(reflectors.integrations.store);
    manager = new Manager(Object.values(reflectors));
    manager.start();
    const checked = definitions.check(stop.signal);
    const parts = {
      options,
      client,
      metrics,
      clusterUid,
      manager,
      reflectors,
      seenEnds,
      unwatched,
      policyReport,
      roleReport: new RoleReport(createRoleMetrics(registry), log),
      unwritable,
      marks: here,
      events: ours.events,
      onLead: (caches: Caches | undefined) => {
        led = caches;
        here.leads(caches !== undefined);
      },
    };
    if (elector === undefined) await lead(parts, { signal: stop.signal });
    else {
      let outcome: 'stopped' | 'lost';
      do outcome = await elector.run(stop.signal, (term) => lead(parts, term));
      while (outcome === 'lost' && election?.campaignsAgain);
      if (outcome === 'lost') lose();
    }
    await Promise.all([manager.stop(), checked]);
  };
  return {
    start: () => {
      running = run();
    },
    stop: async () => {
      stop.abort();
      await running;
      await connection.close();
    },
    lost,
    stuck: () => manager?.stuck() ?? elector?.stuck(),
    unready: () =>
      manager === undefined
        ? UNKNOWN_CLUSTER
        : (definitions.unready() ?? manager.unready() ?? marks?.unready() ?? unwritten(unwritable)),
  };
}

/** Those that the operator uses. */
function definitionsOf({ groupBindings }: OperatorOptions) {
  const used = [scimIntegrationCrd(), scimTenantCrd()];
  return groupBindings === undefined ? used : [...used, scimGroupBindingCrd()];
}

function createElector(
  election: ElectionOptions,
  { connection, log }: OperatorOptions,
  metrics: KubeMetrics,
): LeaderElector {
  const { namespace, identity, renewDeadlineMs } = election;
  return new LeaderElector({
    ...election,
    // One call without an answer must leave time for another.
    client: new Client(connection, metrics, renewDeadlineMs / 2),
    lease: { namespace, name: LEASE_NAME },
    name: identity ?? hostname(),
    inherits: identity !== undefined,
    log,
    metrics,
  });
}

const UNREAD: Readonly<Record<Outcome, string>> = {
  'was not reached': 'Kubernetes API was not reached; trying again until it is',
  'had no credentials':
    'there are no credentials for the Kubernetes API; trying again until there are',
  'refused the credentials':
    'Kubernetes API refused the credentials; trying again until it accepts them',
  'refused the call': 'Kubernetes API refused the first call; trying again until it is allowed',
  'did not answer as it should':
    'Kubernetes API did not answer as it should; trying again until it does',
};

/** The UID of kube-system stands for the cluster. Undefined when the signal came first. */
async function readClusterUid(
  client: Client,
  log: Logger,
  signal: AbortSignal,
): Promise<string | undefined> {
  const backoff = new Backoff(200, 10_000);
  const told = new Set<string>();
  while (!signal.aborted) {
    try {
      const namespace = await client.get<KubeObject>(NAMESPACES, { name: 'kube-system' });
      if (told.size > 0) log.info('Kubernetes API was reached');
      return namespace.metadata.uid;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = UNREAD[outcomeOf(error)];
      if (!told.has(message)) log.warn({ reason }, message);
      told.add(message);
      await pause(backoff.next(), signal);
    }
  }
  return undefined;
}

/** What outlives a term. */
interface Parts {
  readonly options: OperatorOptions;
  readonly client: Client;
  readonly metrics: KubeMetrics;
  readonly clusterUid: string;
  readonly manager: Manager;
  readonly reflectors: Reflectors;
  readonly seenEnds: SeenEnds;
  readonly unwatched: UnwatchedReport;
  readonly policyReport: PolicyReport;
  readonly roleReport: RoleReport;
  readonly unwritable: Set<string>;
  readonly marks: DirectoryMarks;
  readonly events: OperatorMetrics['events'];
  /** Told what is known when a term begins, and undefined when it ends. */
  readonly onLead: (caches: Caches | undefined) => void;
}

/** Reconciles until the term ends; nothing of it is left then. */
async function lead(
  parts: Parts,
  { signal, fence }: { readonly signal: AbortSignal; readonly fence?: Fence },
): Promise<void> {
  const { options, client, metrics, clusterUid, manager, reflectors, seenEnds } = parts;
  const { unwatched, policyReport, roleReport, unwritable } = parts;
  const { log, store, publicUrl, watchNamespaces, now = () => new Date() } = options;
  const writer = fence ? client.fenced(fence) : client;
  const events = new EventRecorder({
    client: writer,
    controller: `${GROUP}/operator`,
    instance: `operator-${randomUUID()}`,
    log,
    metric: parts.events,
  });
  const caches = cachesOf(reflectors);
  parts.onLead(caches);
  const context: OperatorContext = {
    client: writer,
    store: fence ? fencedStore(store, fence) : store,
    caches,
    events,
    activity: new ActivityCache(store.integrations, options.clock),
    readSecrets: new ReadSecrets(caches.secrets),
    contentions: new Contentions(options.clock),
    marks: parts.marks,
    unlabelled: new UnlabelledWatches({ client, log, signal }),
    seenEnds,
    publicUrl,
    clusterUid,
    sees: (namespace) =>
      watchNamespaces?.includes(namespace) !== false &&
      !reflectors.integrations.isRefusedIn(namespace),
    followsGroups: options.groupBindings !== undefined,
    follows: (namespace) => {
      const isIn = watchNamespaces?.includes(namespace) !== false;
      if (reflectors.groupBindings === undefined || !isIn) return 'left';
      return reflectors.groupBindings.isRefusedIn(namespace) ? 'refused' : 'followed';
    },
    installation: options.installation,
    mayReadTenants: () => !reflectors.tenants.isRefused,
    mayReadPolicies: () =>
      reflectors.policies?.isRefused === false && reflectors.policyBindings?.isRefused === false,
    unwritable,
    now,
  };
  unwritable.clear();
  const { integrations, detach, ...others } = createControllers(context, log, metrics);
  const groupBindings =
    options.groupBindings &&
    createGroupBindingController(context, options.groupBindings.usernamePrefix, policyReport, {
      log,
      metrics,
    });
  const controllers = [integrations, ...Object.values(others)];
  if (groupBindings) controllers.push(groupBindings.controller);
  await Promise.all([
    manager.control(controllers, signal),
    manager
      .whenSynced(signal)
      .then(() => sweepUntil(signal, context, integrations, { ...options, unwatched, roleReport })),
    groupBindings?.follow(signal),
    manager.whenSynced(signal).then(() => groupBindings?.tellOfPolicy()),
  ]);
  parts.onLead(undefined);
  detach();
  groupBindings?.detach();
  await events.flush();
}

function createControllers(context: OperatorContext, log: Logger, metrics: KubeMetrics) {
  const { caches } = context;
  const states = new Map<string, RoleState>();
  const roleStates: RoleStates = {
    get: (namespace) => states.get(namespace),
    set: (namespace, state) => {
      const same = JSON.stringify(states.get(namespace)) === JSON.stringify(state);
      if (state === undefined) states.delete(namespace);
      else states.set(namespace, state);
      if (same) return;
      for (const { metadata } of caches.integrations.list(namespace))
        integrations.enqueue(metadata);
    },
  };
  const enqueueRole = (namespace: string) => roles.enqueue({ namespace, name: ROLE_NAME });
  const integrations = new Controller({
    name: 'scimintegration',
    reconcile: createReconcile(context, roleStates, enqueueRole),
    isOutage,
    log,
    metrics,
  });
  const roles = new Controller({
    name: 'scimprovisioner-role',
    reconcile: createRoleReconcile(context, roleStates),
    isOutage,
    log,
    metrics,
  });
  const enqueueParents = ({ object }: Change<KubeObject>) => {
    for (const key of parentsOf(object, caches)) integrations.enqueue(key);
  };
  const tenants = createTenantController(context, integrations, { log, metrics });
  const subscriptions = [
    caches.integrations.onChange(({ object }) => integrations.enqueue(keyOf(object))),
    caches.secrets.onChange(enqueueParents),
    caches.existingSecrets.onChange(({ object }) => {
      for (const key of usersOf(object, caches)) integrations.enqueue(key);
    }),
    caches.serviceAccounts.onChange(enqueueParents),
    caches.roleBindings.onChange(enqueueParents),
    caches.roles.onChange(({ object }) => enqueueRole(object.metadata.namespace ?? '')),
    context.unlabelled.onChange(({ kind }, object) => {
      if (kind === ROLES.kind) enqueueRole(object.metadata.namespace ?? '');
      else for (const key of parentsOf(object, caches)) integrations.enqueue(key);
    }),
    tenants.detach,
  ];
  const detach = () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
  return { integrations, roles, tenants: tenants.controller, detach };
}

/** By label, owner and UID, since any of them may be what drifted. */
function parentsOf({ metadata }: KubeObject, { integrations }: Caches): readonly ObjectKey[] {
  const { namespace = '', labels, ownerReferences = [] } = metadata;
  const labelled = labels?.[LABEL_INTEGRATION];
  const uids = new Set([
    ...ownerReferences.map(({ uid }) => uid),
    metadata.annotations?.[ANNOTATION_INTEGRATION_UID],
  ]);
  const known = integrations.list(namespace).filter((each) => uids.has(each.metadata.uid));
  const names = new Set(known.map((each) => each.metadata.name));
  if (labelled !== undefined) names.add(labelled);
  return [...names].map((name) => ({ namespace, name }));
}

/** Whose spec names this Secret. */
function usersOf({ metadata }: KubeObject, { integrations }: Caches): readonly ObjectKey[] {
  return integrations
    .list(metadata.namespace)
    .filter(({ spec }) => spec?.token?.existingSecret?.name === metadata.name)
    .map(keyOf);
}
