/**
 * Runs reflectors all the time and controllers during a term, and reports whether all of them are
 * alive.
 */
import type { Controller } from './controller.ts';

/** A reflector of any kind of object. */
export interface WatchLoop {
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  run(signal: AbortSignal): Promise<void>;
  stuck(now: number): string | undefined;
  /** A message about what may not be watched; undefined if nothing necessary is missing. */
  refusal(): string | undefined;
  /** Calls the listener when a failed watch works again. Returns a function that stops this. */
  onRestored(listener: () => void): () => void;
}

export class Manager {
  readonly #reflectors: readonly WatchLoop[];
  readonly #stop = new AbortController();
  #controllers: readonly Controller[] = [];
  #reflecting: Promise<unknown> | undefined;

  constructor(reflectors: readonly WatchLoop[]) {
    this.#reflectors = reflectors;
  }

  /** Starts the watches, even if another process leads, so that a takeover finds full caches. */
  start(): void {
    const { signal } = this.#stop;
    this.#reflecting = Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  /**
   * Runs controllers until the signal aborts, and finishes the reconciles in progress. They start
   * once every reflector has a complete list, because with partial caches they would delete too
   * much.
   */
  async control(controllers: readonly Controller[], signal: AbortSignal): Promise<void> {
    this.#controllers = controllers;
    await this.whenSynced(signal);
    // Whatever failed while the API server was unreachable need not wait any longer.
    const retry = () => {
      for (const controller of controllers) controller.retryFailed();
    };
    const detach = this.#reflectors.map((reflector) => reflector.onRestored(retry));
    await Promise.all(controllers.map((controller) => controller.run(signal)));
    for (const unsubscribe of detach) unsubscribe();
    this.#controllers = [];
  }

  /** Ends the watches. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reflecting;
  }

  get synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.isSynced);
  }

  /** Resolves when every reflector has a complete list, or when the signal aborts. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const aborted = () => resolve();
    signal.addEventListener('abort', aborted);
    if (signal.aborted) resolve();
    await Promise.race([Promise.all(this.#reflectors.map(({ synced }) => synced)), promise]);
    signal.removeEventListener('abort', aborted);
  }

  /**
   * Why the objects are not known or not followed; undefined if they are. An unreachable API server
   * doesn't count.
   */
  unready(): string | undefined {
    const refusals = this.#reflectors.map((reflector) => reflector.refusal());
    const refused = refusals.find((reason) => reason !== undefined);
    return refused ?? (this.synced ? undefined : 'the first lists are not complete yet');
  }

  /**
   * Why the process should be restarted; undefined while all loops keep trying, even if the API
   * server is unreachable.
   */
  stuck(now: number = performance.now()): string | undefined {
    return [
      ...this.#reflectors.map((reflector) => reflector.stuck(now)),
      ...this.#controllers.map((controller) => controller.stuck()),
    ].find((reason) => reason !== undefined);
  }
}
