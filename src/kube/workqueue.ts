/**
 * A queue of keys. A key waits only once, however often it is added, and is only worked on once at
 * a time. If it is added while it is being worked on, it is worked on again afterwards.
 */
import { DelayedKeys } from './delayed-keys.ts';
import { type KubeMetrics, queueLabels } from './metrics.ts';

interface WorkqueueOptions {
  readonly name: string;
  readonly metrics?: KubeMetrics | undefined;
  /** The first and the longest wait after failures. The wait doubles each time. */
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
  readonly random?: () => number;
}

export class Workqueue {
  readonly #name: string;
  readonly #labels: { readonly name: string; readonly controller: string };
  readonly #metrics: KubeMetrics | undefined;
  readonly #firstDelayMs: number;
  readonly #longestDelayMs: number;
  readonly #random: () => number;
  /** The waiting keys, and since when they wait. */
  readonly #waiting = new Map<string, number>();
  /** The same keys in order, starting at `#head`. */
  #order: string[] = [];
  #head = 0;
  readonly #inWork = new Map<string, number>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new DelayedKeys((key) => this.add(key));
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkqueueOptions) {
    this.#name = options.name;
    this.#labels = queueLabels(options.name);
    this.#metrics = options.metrics;
    this.#firstDelayMs = options.firstDelayMs ?? 1_000;
    this.#longestDelayMs = options.longestDelayMs ?? 300_000;
    this.#random = options.random ?? Math.random;
    this.#metrics?.queues.set(this.#name, this);
  }

  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key)) return;
    if (this.#inWork.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#metrics?.queueAdds.inc(this.#labels);
    this.#waiting.set(key, performance.now());
    this.#order.push(key);
    this.#hand();
  }

  /** If a key has several delays, the shortest one counts. */
  addAfter(key: string, delayMs: number): void {
    if (!this.#closed) this.#delayed.add(key, delayMs);
  }

  /**
   * Adds the key after a delay that doubles with each failure since `forget`. The limits are in
   * milliseconds.
   */
  addRateLimited(key: string, { least = 0, most = this.#longestDelayMs } = {}): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.queueRetries.inc(this.#labels);
    const delay = Math.min(most, this.#firstDelayMs * 2 ** Math.min(failures, 30));
    this.addAfter(key, Math.max(least, delay * (0.8 + 0.2 * this.#random())));
  }

  /** Adds every key that waits for a retry after a failure. */
  retryFailed(): void {
    for (const key of this.#failures.keys()) if (this.#delayed.has(key)) this.add(key);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Resolves with the next key, or undefined once the queue is closed. Call `done` afterwards. */
  take(): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(undefined);
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    const started = this.#inWork.get(key);
    if (started === undefined) return;
    this.#inWork.delete(key);
    this.#metrics?.workSeconds.observe(this.#labels, (performance.now() - started) / 1000);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    this.#delayed.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
    if (this.#metrics?.queues.get(this.#name) === this) this.#metrics.queues.delete(this.#name);
  }

  /** Milliseconds for which the oldest key has been worked on. */
  longestRunningMs(): number {
    const [oldest] = this.#inWork.values();
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  /** Sum of the milliseconds for which keys have been worked on so far. */
  unfinishedMs(): number {
    const now = performance.now();
    return [...this.#inWork.values()].reduce((sum, started) => sum + now - started, 0);
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      const now = performance.now();
      const waited = now - (this.#waiting.get(key) ?? now);
      this.#waiting.delete(key);
      this.#inWork.set(key, now);
      this.#metrics?.queueSeconds.observe(this.#labels, waited / 1000);
      this.#takers.shift()?.(key);
    }
  }

  /**
   * Doesn't use the first key of the map, because finding it takes longer and longer while keys are
   * removed from the front.
   */
  #next(): string | undefined {
    const key = this.#order[this.#head];
    if (key === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 1000 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }
}
