/** Assembles the process: directory, SCIM server, probes and operator; starts and stops them in order. */
import type { Config } from '../config/options.ts';
import { isUnencrypted } from '../config/public-url.ts';
import { DatabaseNotMigratedError, DatabaseRefusedError } from '../directory/database-errors.ts';
import { readDatabaseUrl, shownDatabaseUrl } from '../directory/database-url.ts';
import { RequestTracker } from '../directory/last-requests.ts';
import { impatient } from '../directory/metrics/impatient.ts';
import { openDirectory } from '../directory/open.ts';
import type { Store } from '../directory/store/store.ts';
import { ConnectionMetrics } from '../http/connections.ts';
import { createOpsApp } from '../http/ops.ts';
import { HttpServer, ListenError } from '../http/server.ts';
import { Backoff, pause } from '../kube/backoff.ts';
import { Connection, loadKubeConfig } from '../kube/connection.ts';
import type { Logger } from '../logger.ts';
import { createOperator, type ElectionOptions } from '../operator/operator.ts';
import { ScimError } from '../scim/error.ts';
import { createScimApp } from '../scim-server/app.ts';
import { errorDocument } from '../scim-server/error.ts';
import { RequestMetrics } from '../scim-server/metrics.ts';
import { createProcessMetrics, type ProcessMetrics } from './process-metrics.ts';

/** Only a person can mend it; the message is one line that says how. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}

/** This process may not reconcile any more and serves nobody: it is to be started anew. The log has said why. */
export class LeadLostError extends Error {
  override readonly name = 'LeadLostError';
}

/** What is under way may take this long when the process stops; Kubernetes kills after 30 s. */
const CLOSE_DEADLINE_MS = 20_000;

/** What a process runs: the plane that serves, the one that reconciles, or both. */
export interface Planes {
  readonly server: boolean;
  readonly operator: boolean;
}

/** Runs until the signal aborts. Throws FatalError, and LeadLostError where it only reconciles. */
export async function run(
  planes: Planes,
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const connection = planes.operator ? connect(config) : undefined;
  let store: Store | undefined;
  const metrics = createProcessMetrics(() => store);
  const { registry } = metrics;
  let stuck: () => string | undefined = () => undefined;
  let unready: () => string | undefined = () => undefined;

  const answers = impatient(async () => {
    await store?.ping();
    return true;
  });
  const ops = new HttpServer(
    createOpsApp({
      registry,
      live: () => stuck(),
      ready: async () => {
        if (store === undefined) return 'the directory is not open yet';
        return (await answers()) ? unready() : 'the directory is not available';
      },
      log,
    }),
    log,
  );
  await listen(ops, config.host, config.opsPort, log, 'metrics and probes are served');
  if (isUnencrypted(config.publicUrl))
    log.warn(
      { publicUrl: config.publicUrl },
      'the public URL is plain http: tokens and personal data can be read on their way; make it https',
    );
  store = await openWhenReachable(config, log, signal);
  if (store === undefined) return ops.close(CLOSE_DEADLINE_MS);

  const server = planes.server ? await serve(store, config, log, metrics) : undefined;
  const election = connection && electionOf(config, connection, planes);
  const { usernamePrefix } = config;
  const groupBindings = config.groupBindings ? { usernamePrefix } : undefined;
  const installation = connection ? leaseNamespace(config, connection) : '';
  const options = { store, ...config, installation, groupBindings, election, log, registry };
  const operator = connection && createOperator({ connection, ...options });
  if (operator !== undefined) stuck = operator.stuck;
  // Who serves is ready to serve, whatever the cluster does.
  if (operator !== undefined && !planes.server) unready = operator.unready;
  operator?.start();

  await Promise.race([aborted(signal), operator?.lost].filter((each) => each !== undefined));
  const lost = !signal.aborted;
  log.info('stopping');
  await Promise.all([operator?.stop(), server?.stop()]);
  await store.close();
  await ops.close(CLOSE_DEADLINE_MS);
  log.info('stopped');
  if (lost) throw new LeadLostError('the lead was lost');
}

const leaseNamespace = (config: Config, connection: Connection): string =>
  config.leaderElectionNamespace ?? connection.namespace;

/** Who serves goes on after losing the lead; who only reconciles ends, and the kubelet starts it anew. */
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

/** Serves SCIM until it is stopped. */
async function serve(
  store: Store,
  config: Config,
  log: Logger,
  { registry, census }: ProcessMetrics,
) {
  const { publicUrl, rateLimit, host, port, maxUnauthenticatedConnections } = config;
  const tracker = new RequestTracker(store, (error) =>
    log.warn({ err: error }, 'times of last requests were not written'),
  );
  const metrics = new RequestMetrics(registry, census, () => performance.now());
  const app = createScimApp({ store, publicUrl, log, now: Date.now, tracker, rateLimit, metrics });
  const server = new HttpServer(app, log, {
    maxUnauthenticated: maxUnauthenticatedConnections,
    metrics: new ConnectionMetrics(registry),
    errorDocument,
  });
  await listen(server, host, port, log, 'SCIM is served');
  return {
    stop: async () => {
      await server.close(CLOSE_DEADLINE_MS);
      await tracker.flush();
    },
  };
}

/** Creates or upgrades the database. Waits for nothing: what runs it, such as a Job, tries again. Throws FatalError. */
export async function migrate(config: Config, log: Logger): Promise<void> {
  const databaseUrl = shownDatabaseUrl(config.databaseUrl);
  const store = await open(config, log).catch((error: unknown) => {
    if (error instanceof FatalError || isDefect(error)) throw error;
    const reason = reasonOf(error);
    throw new FatalError(
      error instanceof DatabaseNotMigratedError
        ? `the database ${databaseUrl} can't be migrated: ${reason}`
        : `the database ${databaseUrl} was not reached: ${reason}; try again when it can be`,
    );
  });
  await store.close();
  log.info({ databaseUrl }, 'database is up to date');
}

/** Of the program, and not of what it runs on. */
function isDefect(error: unknown): boolean {
  const kinds = [TypeError, RangeError, ReferenceError, SyntaxError];
  return !(error instanceof Error) || kinds.some((kind) => error instanceof kind);
}

/** Of several addresses that one name has, Node.js tells one by one. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(reasonOf).join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  return error instanceof ScimError && error.cause !== undefined
    ? reasonOf(error.cause)
    : error.message;
}

function connect({ kubeconfig, environment }: Config): Connection {
  const reload = () => loadKubeConfig(kubeconfig, environment);
  try {
    return new Connection(reload(), { environment, reload });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FatalError(
      `no cluster: ${reason}; name a kubeconfig with --kubeconfig (SCIM_OPERATOR_KUBECONFIG) or KUBECONFIG`,
    );
  }
}

async function open(config: Config, log: Logger): Promise<Store> {
  const { databaseUrl, databaseUrlFile: file, databaseConnections: connections } = config;
  const readUrl = file === undefined ? databaseUrl : () => readDatabaseUrl(file);
  const onPooler = () =>
    log.info('a pooler is before the database: statements are not kept prepared there');
  const onReadableByOthers = (reason: string) =>
    log.warn({ reason }, 'the database can be read by other users of this machine');
  try {
    const options = { connections, onPooler, onReadableByOthers };
    return await openDirectory(readUrl, undefined, options);
  } catch (error) {
    if (!(error instanceof DatabaseRefusedError)) throw error;
    const shown = shownDatabaseUrl(databaseUrl);
    throw new FatalError(`the database ${shown} can't be used: ${error.message}`);
  }
}

const AWAY = 'database was not reached; trying again until it is';
const NOT_MIGRATED = 'database was not migrated; trying again until it is';

/** One line when it is away and one when it is back. Undefined when the signal came first. */
async function openWhenReachable(
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<Store | undefined> {
  const databaseUrl = shownDatabaseUrl(config.databaseUrl);
  const backoff = new Backoff(200, 5_000);
  let said: string | undefined;
  while (!signal.aborted) {
    try {
      const store = await open(config, log);
      if (said !== undefined) log.info({ databaseUrl }, 'database was reached');
      return store;
    } catch (error) {
      if (error instanceof FatalError) throw error;
      const message = error instanceof DatabaseNotMigratedError ? NOT_MIGRATED : AWAY;
      if (message !== said) log.warn({ databaseUrl, reason: reasonOf(error) }, message);
      said = message;
      await pause(backoff.next(), signal);
    }
  }
  return undefined;
}

async function listen(
  server: HttpServer,
  host: string,
  port: number,
  log: Logger,
  message: string,
): Promise<void> {
  try {
    const address = await server.listen({ host, port });
    log.info({ address: address.address, port: address.port }, message);
  } catch (error) {
    if (error instanceof ListenError) throw new FatalError(error.message);
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
