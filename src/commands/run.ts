/**
 * Assembles the directory, the SCIM server, the probes and the operator, and starts and stops them.
 */
import { setFlagsFromString } from 'node:v8';
import type { Registry } from 'prom-client';
import type { Config } from '../config/options.ts';
import { hasPath, isUnencrypted } from '../config/public-url.ts';
import type { NamingRule } from '../directory/kubernetes-names.ts';
import { RequestTracker } from '../directory/last-requests.ts';
import { withinDeadline } from '../directory/metrics/within-deadline.ts';
import { Pruning } from '../directory/pruning.ts';
import type { Store } from '../directory/store/store.ts';
import type { Application } from '../http/application.ts';
import type { ServingCertificate } from '../http/certificate.ts';
import { ConnectionMetrics } from '../http/connections.ts';
import { ListenError } from '../http/listen-error.ts';
import { createOpsApp } from '../http/ops.ts';
import { HttpServer } from '../http/server.ts';
import type { Connection } from '../kube/connection.ts';
import type { Logger } from '../logger.ts';
import type { ElectionOptions } from '../operator/options.ts';
import { createScimApp } from '../scim-server/app.ts';
import { errorDocument } from '../scim-server/error.ts';
import { RequestMetrics } from '../scim-server/metrics.ts';
import { RecentRequests } from '../scim-server/recent-requests.ts';
import { openCertificate } from './certificate.ts';
import { openWhenReachable } from './database.ts';
import { FatalError, LeadLostError } from './errors.ts';
import type { People } from './people.ts';
import { createProcessMetrics, type ProcessMetrics } from './process-metrics.ts';

/**
 * How long requests in progress may take once the process stops. Kubernetes kills it after 30 s.
 */
const CLOSE_DEADLINE_MS = 20_000;
/** What is written last is of no use to clients. */
const LAST_WRITES_DEADLINE_MS = 3_000;

/** The planes that a process runs: the one that serves SCIM, the one that reconciles, or both. */
export interface Planes {
  readonly server: boolean;
  readonly operator: boolean;
}

/** Runs until the signal aborts. Throws FatalError, or LeadLostError if it only reconciles. */
export async function run(
  planes: Planes,
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const control = planes.operator ? await loadControlPlane(config) : undefined;
  // Not on the command line, where V8 would reject the compiled code that Node.js brings along.
  setFlagsFromString('--heap-growing-percent=20');
  const connection = control?.connection;
  const isAtRoot = !hasPath(config.publicUrl);
  const hasConsole = config.console && control !== undefined && isAtRoot;
  const sso = hasConsole ? await control.loadSsoConfig(config) : undefined;
  let store: Store | undefined;
  const metrics = createProcessMetrics(() => store);
  const { registry } = metrics;
  let stuck: () => string | undefined = () => undefined;
  let unready: () => string | undefined = () => undefined;

  const answers = withinDeadline(async () => {
    await store?.ping();
    return true;
  });
  const certificate = await openCertificate(config, log, registry, signal);
  if (signal.aborted) return;
  const ops = new HttpServer(
    createOpsApp({
      registry,
      live: () => stuck(),
      ready: async () => {
        if (store === undefined) return 'the directory is not open yet';
        return (await answers()) ? unready() : 'the directory is unavailable';
      },
      log,
    }),
    log,
    // Probes and metrics tell how the process is, however much it has to do.
    { certificate, sheds: false },
  );
  await listen(ops, config.host, config.opsPort, '--ops-port', log, 'serving metrics and probes');
  if (isUnencrypted(config.publicUrl))
    log.warn(
      { publicUrl: config.publicUrl },
      'the public URL uses plain http, which exposes tokens and personal data; use https',
    );
  if (config.console && connection !== undefined && !isAtRoot)
    log.warn(
      { publicUrl: config.publicUrl },
      'the console is not served, because the public URL has a path; use a host of its own',
    );
  store = await openWhenReachable(config, log, signal);
  if (store === undefined) return ops.close(CLOSE_DEADLINE_MS);

  const naming = namingOf(config);
  const people = hasConsole
    ? control.createPeople({
        config,
        naming,
        sso,
        store,
        connection: control.connection,
        log,
        registry,
      })
    : undefined;
  const scim = planes.server ? createScim(store, config, log, metrics) : undefined;
  const server = await serve(scim, people, config, log, registry, certificate);
  const election = connection && electionOf(config, connection, planes);
  const groupBindings = config.groupBindings ? { naming } : undefined;
  const installation = connection ? leaseNamespace(config, connection) : '';
  const defaultRoles = control &&
    sso && {
      naming,
      roles: () => control.defaultRolesOf(sso),
      onChange: (listener: () => void) => sso.onChange(listener),
    };
  const granted = { groupBindings, defaultRoles };
  const options = { store, ...config, installation, ...granted, election, log, registry };
  const operator = control?.createOperator({ connection: control.connection, ...options });
  if (operator !== undefined) stuck = operator.stuck;
  // A process that serves SCIM is ready whatever the cluster does.
  if (operator !== undefined && !planes.server) unready = operator.unready;
  operator?.start();

  await Promise.race([aborted(signal), operator?.lost].filter((each) => each !== undefined));
  const lost = !signal.aborted;
  log.info('stopping');
  await Promise.all([operator?.stop(), server?.stop()]);
  await store.close();
  await ops.close(CLOSE_DEADLINE_MS);
  certificate?.stopRenewing();
  log.info('stopped');
  if (lost) throw new LeadLostError('the lead was lost');
}

async function loadControlPlane(config: Config) {
  const { openControlPlane } = await import('./control-plane.ts');
  return openControlPlane(config);
}

const namingOf = ({ usernamePrefix, usernameFrom, usernameCase }: Config): NamingRule => ({
  prefix: usernamePrefix,
  from: usernameFrom,
  case: usernameCase,
});

const leaseNamespace = (config: Config, connection: Connection): string =>
  config.leaderElectionNamespace ?? connection.namespace;

/**
 * A process that serves SCIM keeps running after losing the lead. One that only reconciles exits,
 * and the kubelet restarts it.
 */
function electionOf(
  config: Config,
  connection: Connection,
  planes: Planes,
): ElectionOptions | undefined {
  if (!config.leaderElection) return undefined;
  return {
    namespace: leaseNamespace(config, connection),
    identity: config.leaderElectionIdentity,
    leaseDurationMs: config.leaseDurationMs,
    renewDeadlineMs: config.renewDeadlineMs,
    retryPeriodMs: config.retryPeriodMs,
    campaignsAgain: planes.server,
  };
}

interface Served {
  readonly app: Application;
  /** Call it once no request is in progress. */
  stop(): Promise<unknown>;
}

function createScim(
  store: Store,
  config: Config,
  log: Logger,
  { registry, census }: ProcessMetrics,
): Served {
  const tracker = new RequestTracker(store, (error) =>
    log.warn({ err: error }, 'could not write the times of last requests'),
  );
  const recent = new RecentRequests(store.recentRequests, Date.now, (error) =>
    log.warn({ err: error }, 'could not write the last requests'),
  );
  const { publicUrl, rateLimit } = config;
  const metrics = new RequestMetrics(registry, census, () => performance.now());
  const requests = { tracker, recent, rateLimit, metrics };
  const app = createScimApp({ store, publicUrl, log, now: Date.now, ...requests });
  const pruning = pruningOf(store, config, log);
  pruning.start();
  return {
    app,
    stop: () =>
      Promise.all([pruning.stop(), tracker.flush(), recent.close(LAST_WRITES_DEADLINE_MS)]),
  };
}

/** Serves what there is of SCIM and the console until `stop` is called. */
async function serve(
  scim: Served | undefined,
  people: People | undefined,
  config: Config,
  log: Logger,
  registry: Registry,
  certificate: ServingCertificate | undefined,
) {
  const app = people && scim ? people.before(scim.app) : (scim?.app ?? people?.app);
  if (app === undefined) return undefined;
  const { host, port, maxUnauthenticatedConnections } = config;
  const server = new HttpServer(app, log, {
    maxUnauthenticated: maxUnauthenticatedConnections,
    metrics: new ConnectionMetrics(registry),
    certificate,
    ...(scim === undefined ? {} : { errorDocument }),
  });
  await listen(
    server,
    host,
    port,
    '--port',
    log,
    scim === undefined ? 'serving the console' : 'serving SCIM',
  );
  return {
    stop: async () => {
      await server.close(CLOSE_DEADLINE_MS);
      await Promise.all([scim?.stop(), people?.stop()]);
    },
  };
}

function pruningOf(store: Store, config: Config, log: Logger): Pruning {
  const { activityRetentionMs, sessionIdleMs } = config;
  return new Pruning(
    [
      () => store.activity.prune(Date.now() - activityRetentionMs),
      () => store.sessions.prune(Date.now(), sessionIdleMs),
      () => store.setupLinks.prune(Date.now()),
    ],
    (error) => log.warn({ err: error }, 'could not delete what has expired; retrying'),
  );
}

async function listen(
  server: HttpServer,
  host: string,
  port: number,
  flag: string,
  log: Logger,
  message: string,
): Promise<void> {
  try {
    const address = await server.listen({ host, port });
    log.info({ address: address.address, port: address.port }, message);
  } catch (error) {
    if (error instanceof ListenError)
      throw new FatalError(`${error.message}; change --host or ${flag}`);
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
