/**
 * A queue of keys: a key waits once however often it is added, and is in work once at a time; added while in work, it is worked
 * on again afterwards.
 */
import type { KubeMetrics } from './metrics.ts';

export interface WorkqueueOptions {
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
  readonly #metrics: KubeMetrics | undefined;
  readonly #firstDelayMs: number;
  readonly #longestDelayMs: number;
  readonly #random: () => number;
  /** Insertion order is the order of work; the value is when the key was added. */
  readonly #waiting = new Map<string, number>();
  readonly #inWork = new Map<string, number>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly due: number; readonly timer: NodeJS.Timeout }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkqueueOptions) {
    this.#name = options.name;
    this.#metrics = options.metrics;
    this.#firstDelayMs = options.firstDelayMs ?? 1_000;
    this.#longestDelayMs = options.longestDelayMs ?? 300_000;
    this.#random = options.random ?? Math.random;
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
    this.#metrics?.queueAdds.inc({ name: this.#name });
    this.#waiting.set(key, performance.now());
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

  /** Adds the key after a delay that doubles with each failure since `forget`. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.queueRetries.inc({ name: this.#name });
    const delay = Math.min(this.#longestDelayMs, this.#firstDelayMs * 2 ** Math.min(failures, 30));
    this.addAfter(key, delay * (0.8 + 0.2 * this.#random()));
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
    this.#metrics?.workSeconds.observe({ name: this.#name }, (performance.now() - started) / 1000);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  /** How long the oldest key has been in work, in milliseconds. */
  longestRunningMs(): number {
    const [oldest] = this.#inWork.values();
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  /** Brings the gauges up to date; called when metrics are read. */
  observe(): void {
    const now = performance.now();
    const running = [...this.#inWork.values()].map((started) => (now - started) / 1000);
    const name = { name: this.#name };
    this.#metrics?.queueDepth.set(name, this.depth);
    this.#metrics?.unfinishedSeconds.set(
      name,
      running.reduce((sum, each) => sum + each, 0),
    );
    this.#metrics?.longestRunningSeconds.set(name, Math.max(0, ...running));
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [key, added] = next;
      this.#waiting.delete(key);
      const now = performance.now();
      this.#inWork.set(key, now);
      this.#metrics?.queueSeconds.observe({ name: this.#name }, (now - added) / 1000);
      this.#takers.shift()?.(key);
    }
  }
}
