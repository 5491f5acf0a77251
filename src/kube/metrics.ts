/** Metrics under the names that users of controller-runtime and client-go know. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The source of the gauges of a queue. */
interface ObservedQueue {
  readonly depth: number;
  unfinishedMs(): number;
  longestRunningMs(): number;
}

/** The possible results of a reconcile, as controller-runtime names them. */
const RESULTS = ['success', 'error', 'requeue_after'];

export type KubeMetrics = ReturnType<typeof createKubeMetrics>;

/** A queue has its controller's name. */
export const queueLabels = (name: string) => ({ name, controller: name });

/**
 * Starts the series of a controller and its queue at zero. To Prometheus, the first failure in a
 * series that didn't exist would not be an increase.
 */
export function beginSeries(metrics: KubeMetrics, name: string, maxConcurrent: number): void {
  const controller = { controller: name };
  for (const result of RESULTS) metrics.reconciles.inc({ ...controller, result }, 0);
  for (const counter of [metrics.reconcileErrors, metrics.reconcilePanics])
    counter.inc(controller, 0);
  metrics.maxConcurrent.set(controller, maxConcurrent);
  metrics.activeWorkers.set(controller, 0);
  for (const counter of [metrics.queueAdds, metrics.queueRetries])
    counter.inc(queueLabels(name), 0);
}

/** Registers the metrics, once per registry. */
export function createKubeMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers });
  const controller = ['controller'] as const;
  const queue = ['name', 'controller'] as const;
  const queues = new Map<string, ObservedQueue>();
  const queueGauge = (name: string, help: string, read: (queue: ObservedQueue) => number) =>
    new Gauge({
      name,
      help,
      labelNames: queue,
      registers,
      collect() {
        this.reset();
        for (const [queueName, each] of queues) this.set(queueLabels(queueName), read(each));
      },
    });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });
  return {
    requests: counter('rest_client_requests_total', 'Calls to the Kubernetes API.', [
      'code',
      'method',
      'host',
    ]),
    requestSeconds: histogram(
      'rest_client_request_duration_seconds',
      'Duration of calls to the Kubernetes API.',
      ['verb', 'host'],
    ),
    reconciles: counter('controller_runtime_reconcile_total', 'Reconciliations by result.', [
      'controller',
      'result',
    ]),
    reconcileErrors: counter(
      'controller_runtime_reconcile_errors_total',
      'Reconciliations that failed.',
      controller,
    ),
    reconcilePanics: counter(
      'controller_runtime_reconcile_panics_total',
      'Reconciliations that threw something other than an error.',
      controller,
    ),
    reconcileSeconds: histogram(
      'controller_runtime_reconcile_time_seconds',
      'Duration of reconciliations.',
      controller,
    ),
    activeWorkers: gauge(
      'controller_runtime_active_workers',
      'Workers that are currently reconciling.',
      controller,
    ),
    maxConcurrent: gauge(
      'controller_runtime_max_concurrent_reconciles',
      'Maximum number of concurrent workers.',
      controller,
    ),
    /** The active queues by name. Their gauges are read when the metrics are scraped. */
    queues,
    queueDepth: queueGauge('workqueue_depth', 'Keys waiting for a worker.', (q) => q.depth),
    queueAdds: counter('workqueue_adds_total', 'Keys added.', queue),
    queueSeconds: histogram(
      'workqueue_queue_duration_seconds',
      'Time that keys spent waiting for a worker.',
      queue,
    ),
    workSeconds: histogram(
      'workqueue_work_duration_seconds',
      'Time that workers spent on a key.',
      queue,
    ),
    unfinishedSeconds: queueGauge(
      'workqueue_unfinished_work_seconds',
      'Sum of the time that the keys in progress have taken so far.',
      (q) => q.unfinishedMs() / 1000,
    ),
    longestRunningSeconds: queueGauge(
      'workqueue_longest_running_processor_seconds',
      'Time that the oldest key in progress has taken so far.',
      (q) => q.longestRunningMs() / 1000,
    ),
    queueRetries: counter('workqueue_retries_total', 'Keys added again after a failure.', queue),
    leaderStatus: gauge(
      'leader_election_master_status',
      'Whether this process holds the named Lease (1) or is standing by (0).',
      queue,
    ),
    relists: counter('reflector_lists_total', 'Full lists, including the first one.', ['resource']),
    watchErrors: counter('reflector_watch_errors_total', 'Lists and watches that failed.', [
      'resource',
    ]),
    refusedWatches: gauge(
      'reflector_refused_watches',
      'Watches currently refused because a permission or the CRD is missing.',
      ['resource'],
    ),
  };
}
