/** Connects reflectors and controllers with the directory. */

import { hostname } from 'node:os';
import { scimGroupBindingCrd, scimIntegrationCrd, scimTenantCrd } from '../crd/manifest.ts';
import { Client } from '../kube/client.ts';
import { type Outcome, outcomeOf } from '../kube/errors.ts';
import { LeaderElector } from '../kube/leader-election.ts';
import { Manager } from '../kube/manager.ts';
import { createKubeMetrics, type KubeMetrics } from '../kube/metrics.ts';
import { type KubeObject, NAMESPACES } from '../kube/resource.ts';
import { untilSuccessful } from '../kube/until-successful.ts';
import type { Caches } from './context.ts';
import { DirectoryMarks } from './directory-marks.ts';
import { createRoleMetrics, RoleReport } from './group-binding/lost-roles.ts';
import { createPolicyMetric, PolicyReport } from './group-binding/policy-report.ts';
import { SeenEnds } from './integration/seen-ends.ts';
import { UnwatchedReport } from './integration/unwatched-report.ts';
import { createOperatorMetrics } from './metrics.ts';
import type { ElectionOptions, OperatorOptions } from './options.ts';
import { Definitions } from './outdated-crds.ts';
import { LEASE_NAME } from './rbac.ts';
import { createReflectors } from './reflectors.ts';
import { lead } from './term.ts';

export interface Operator {
  /** Returns at once. While the API server is unreachable, the operator keeps trying. */
  start(): void;
  /** Finishes the reconciles in progress, and releases the lead. */
  stop(): Promise<void>;
  /** Resolves when the lead was lost and this process doesn't campaign again. */
  readonly lost: Promise<void>;
  /** Why the process should be restarted; undefined while everything keeps trying. */
  stuck(): string | undefined;
  /**
   * Why the cluster is not fully managed, whether this process leads or stands by: it hasn't been
   * read yet, or a permission is missing.
   */
  unready(): string | undefined;
}

const UNKNOWN_CLUSTER =
  'the namespace kube-system, whose UID identifies the cluster, has not been read yet';

function unwritten(keys: ReadonlySet<string>): string | undefined {
  const [key] = keys;
  return key && `the operator may not write the status of ScimIntegration ${key}; see the log`;
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
    const clusterUid = await readClusterUid(client, options, stop.signal);
    if (clusterUid === undefined) return;
    log.info({ namespaces: watchNamespaces ?? 'all' }, 'these namespaces are managed');
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
    reflectors.integrations.store.onChange((change) => here.observe(change));
    // Older than any term, so that the ends that a standby sees count when it leads.
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

/** The CRDs that the operator uses. */
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
    // One call without a response must leave time for another.
    client: new Client(connection, metrics, renewDeadlineMs / 2),
    lease: { namespace, name: LEASE_NAME },
    name: identity ?? hostname(),
    inherits: identity !== undefined,
    log,
    metrics,
  });
}

const UNREAD: Readonly<Record<Outcome, string>> = {
  'was not reached': 'Kubernetes API was not reached; retrying',
  'had no credentials': 'there are no credentials for the Kubernetes API; retrying',
  'refused the credentials': 'Kubernetes API refused the credentials; retrying',
  'refused the call': 'Kubernetes API refused the first call; retrying',
  'responded unexpectedly': 'Kubernetes API responded unexpectedly; retrying',
};

/** The UID of kube-system identifies the cluster. Undefined if the signal aborts first. */
function readClusterUid(
  client: Client,
  { connection, log }: OperatorOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  // The URL may have a password before the host.
  const { origin, pathname } = new URL(connection.server);
  const server = `${origin}${pathname}`.replace(/\/$/, '');
  return untilSuccessful(
    async () => {
      const namespace = await client.get<KubeObject>(NAMESPACES, { name: 'kube-system' });
      return namespace.metadata.uid;
    },
    {
      mostMs: 10_000,
      kindOf: (error) => UNREAD[outcomeOf(error)],
      onTrouble: (error, message) => {
        const reason = error instanceof Error ? error.message : String(error);
        log.warn({ server, reason }, message);
      },
      onEnd: () => log.info('Kubernetes API was reached'),
    },
    signal,
  );
}
