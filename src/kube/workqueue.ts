/**
 * A queue of keys: a key waits once however often it is added, and is in work once at a time; added
 * while in work, it is worked on again afterwards.
 */
import { type KubeMetrics, queueLabels } from './metrics.ts';

interface WorkqueueOptions {
  readonly name: string;
  readonly metrics?: KubeMetrics | undefined;
  /** First and longest wait after failures; doubled each time. */
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
  readonly random?: () => number;
}

/** Timers with a longer delay fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Workqueue {
  readonly #name: string;
  readonly #labels: { readonly name: string; readonly controller: string };
  readonly #metrics: KubeMetrics | undefined;
  readonly #firstDelayMs: number;
  readonly #longestDelayMs: number;
  readonly #random: () => number;
  /** The keys that wait, and since when. */
  readonly #waiting = new Map<string, number>();
  /** The same keys in the order of work, from `#head` on. */
  #order: string[] = [];
  #head = 0;
  readonly #inWork = new Map<string, number>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly due: number; readonly timer: NodeJS.Timeout }>();
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

  /** Of several delays for a key the shortest counts; none is longer than 24 days. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    const wait = Math.min(delayMs, LONGEST_TIMER_MS);
    const due = performance.now() + wait;
    const planned = this.#timers.get(key);
    if (planned !== undefined && planned.due <= due) return;
    clearTimeout(planned?.timer);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, wait);
    this.#timers.set(key, { due, timer });
  }

  /**
   * Adds the key after a delay that doubles with each failure since `forget`, within these limits
   * in milliseconds.
   */
  addRateLimited(key: string, { least = 0, most = this.#longestDelayMs } = {}): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.queueRetries.inc(this.#labels);
    const delay = Math.min(most, this.#firstDelayMs * 2 ** Math.min(failures, 30));
    this.addAfter(key, Math.max(least, delay * (0.8 + 0.2 * this.#random())));
  }

  /** Adds every key that waits for another attempt after a failure. */
  retryFailed(): void {
    for (const key of this.#failures.keys()) if (this.#timers.has(key)) this.add(key);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, when there is one; undefined once the queue is closed. `done` must follow. */
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
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
    if (this.#metrics?.queues.get(this.#name) === this) this.#metrics.queues.delete(this.#name);
  }

  /** How long the oldest key has been in work, in milliseconds. */
  longestRunningMs(): number {
    const [oldest] = this.#inWork.values();
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  /** How long all keys in work have been there, summed, in milliseconds. */
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
   * Not the first key of the map: finding that takes longer and longer while keys are removed at
   * its front.
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
