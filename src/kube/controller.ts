/**
 * Runs a reconcile function for keys. It is level-based: the function learns which object to look
 * at, never what happened.
 */
import type { Logger } from '../logger.ts';
import { isDenied, isUnavailable } from './errors.ts';
import { beginSeries, type KubeMetrics } from './metrics.ts';
import { keyText, type ObjectKey } from './resource.ts';
import { pauseAskedBy } from './retry-after.ts';
import { Workqueue } from './workqueue.ts';

export interface Result {
  /** Reconcile again after this time, unless something requires it earlier. */
  readonly requeueAfterMs?: number | undefined;
}

interface ReconcileContext {
  readonly log: Logger;
}

/**
 * A reconcile that throws is retried, later each time. Nothing here cuts a reconcile short, so each
 * of its calls needs its own deadline.
 */
export type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<Result>;

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly log: Logger;
  readonly metrics?: KubeMetrics | undefined;
  readonly concurrency?: number;
  /**
   * Whether an error only indicates an outage, after which nothing should wait for minutes. By
   * default, this covers outages of the API server.
   */
  readonly isOutage?: (error: unknown) => boolean;
}

const CONCURRENCY = 10;
/** A reconcile that takes longer hangs, whatever the deadlines of its calls. */
const STUCK_MS = 150_000;
/** Maximum time between two attempts during an outage. */
const OUTAGE_RETRY_MS = 60_000;

/**
 * Maximum wait before a denied request is retried, so that nobody waits for minutes after removing
 * the obstacle.
 */
const DENIED_RETRY_MS = 30_000;

export class Controller {
  readonly name: string;
  readonly #queue: Workqueue;
  readonly #options: ControllerOptions;
  readonly #log: Logger;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#log = options.log.child({ controller: options.name });
    this.#queue = new Workqueue({ name: options.name, metrics: options.metrics });
  }

  enqueue(key: ObjectKey): void {
    this.#queue.add(keyText(key));
  }

  enqueueAfter(key: ObjectKey, delayMs: number): void {
    this.#queue.addAfter(keyText(key), delayMs);
  }

  /** Retries at once all keys that wait for a retry after a failure. */
  retryFailed(): void {
    this.#queue.retryFailed();
  }

  /**
   * Works until the signal aborts. Reconciles in progress are then finished, or cut off by the
   * fence of their client.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics, concurrency = CONCURRENCY } = this.#options;
    if (metrics) beginSeries(metrics, this.name, concurrency);
    signal.addEventListener('abort', () => this.#queue.close());
    if (signal.aborted) this.#queue.close();
    await Promise.all(Array.from({ length: concurrency }, () => this.#work(signal)));
  }

  /** Why the controller is stuck, if it is. */
  stuck(): string | undefined {
    const running = this.#queue.longestRunningMs();
    return running > STUCK_MS
      ? `a reconcile of ${this.name} has been running for ${Math.round(running / 1000)} s`
      : undefined;
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      try {
        await this.#process(key, signal);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #process(text: string, signal: AbortSignal): Promise<void> {
    const { metrics, reconcile } = this.#options;
    const controller = this.name;
    const log = this.#log.child({ object: text });
    const started = performance.now();
    metrics?.activeWorkers.inc({ controller });
    try {
      const { requeueAfterMs } = await reconcile(parseKey(text), { log });
      this.#queue.forget(text);
      if (requeueAfterMs !== undefined) this.#queue.addAfter(text, requeueAfterMs);
      const result = requeueAfterMs === undefined ? 'success' : 'requeue_after';
      metrics?.reconciles.inc({ controller, result });
    } catch (error) {
      if (signal.aborted) log.debug({ err: error }, 'reconcile was cut off');
      else this.#afterError(text, error, log);
    } finally {
      metrics?.activeWorkers.dec({ controller });
      metrics?.reconcileSeconds.observe({ controller }, (performance.now() - started) / 1000);
    }
  }

  #afterError(text: string, error: unknown, log: Logger): void {
    const { metrics } = this.#options;
    const controller = this.name;
    metrics?.reconciles.inc({ controller, result: 'error' });
    metrics?.reconcileErrors.inc({ controller });
    if (!(error instanceof Error)) metrics?.reconcilePanics.inc({ controller });
    this.#queue.addRateLimited(text, this.#limits(error));
    log.warn({ err: error }, 'reconcile failed; retrying');
  }

  #limits(error: unknown): { readonly least?: number; readonly most?: number } {
    const { isOutage = isUnavailable } = this.#options;
    const least = pauseAskedBy(error);
    if (isDenied(error)) return { least, most: DENIED_RETRY_MS };
    return isOutage(error) ? { least, most: OUTAGE_RETRY_MS } : { least };
  }
}

function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0
    ? { name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
