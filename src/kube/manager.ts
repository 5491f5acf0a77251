/** Starts reflectors and controllers in the right order, and says whether they are alive. */
import type { Controller } from './controller.ts';

/** A reflector of any kind of object. */
export interface WatchLoop {
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  run(signal: AbortSignal): Promise<void>;
  stuck(now: number): string | undefined;
}

export class Manager {
  readonly #reflectors: readonly WatchLoop[];
  readonly #controllers: readonly Controller[];
  readonly #stop = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(reflectors: readonly WatchLoop[], controllers: readonly Controller[]) {
    this.#reflectors = reflectors;
    this.#controllers = controllers;
  }

  /** Controllers begin once every reflector has a complete list: on half a picture they would delete too much. */
  start(): void {
    const { signal } = this.#stop;
    const reflecting = this.#reflectors.map((reflector) => reflector.run(signal));
    const controlling = this.#whenSynced(signal).then(() =>
      Promise.all(this.#controllers.map((controller) => controller.run(signal))),
    );
    this.#running = Promise.all([...reflecting, controlling]);
  }

  /** Ends the watches, and the reconciles after they finished or hit their deadline. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.isSynced);
  }

  /** Why the process should be started anew; undefined while all loops go on trying, even if the API server is away. */
  stuck(now: number = Date.now()): string | undefined {
    return [
      ...this.#reflectors.map((reflector) => reflector.stuck(now)),
      ...this.#controllers.map((controller) => controller.stuck()),
    ].find((reason) => reason !== undefined);
  }

  async #whenSynced(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    await Promise.race([Promise.all(this.#reflectors.map(({ synced }) => synced)), aborted]);
  }
}
