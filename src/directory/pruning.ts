/**
 * Deletes in the background what has been kept for long enough. Every process that serves does so,
 * at random intervals; a second one finds less to delete.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** Deletes a slice, small enough for writes not to notice. Returns how many were deleted. */
type PruneSlice = () => Promise<number>;

interface Pace {
  readonly intervalMs: number;
  /** How long the writes of others have between two slices. */
  readonly pauseMs: number;
}

const PACE: Pace = { intervalMs: 600_000, pauseMs: 100 };

export class Pruning {
  readonly #tasks: readonly PruneSlice[];
  readonly #onError: (error: unknown) => void;
  readonly #pace: Pace;
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  /** After `onError`, the task is tried again at the next interval. `pace` differs in tests only. */
  constructor(tasks: readonly PruneSlice[], onError: (error: unknown) => void, pace: Pace = PACE) {
    this.#tasks = tasks;
    this.#onError = onError;
    this.#pace = pace;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Waits for a slice that is being deleted. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (await this.#waited(this.#pace.intervalMs * (0.5 + Math.random()))) {
      for (const task of this.#tasks) await this.#perform(task);
    }
  }

  async #perform(task: PruneSlice): Promise<void> {
    try {
      while ((await task()) > 0 && (await this.#waited(this.#pace.pauseMs))) {
        // The next slice.
      }
    } catch (error) {
      this.#onError(error);
    }
  }

  /** False if it was stopped meanwhile. */
  async #waited(milliseconds: number): Promise<boolean> {
    const { signal } = this.#stopped;
    await pause(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
    return !signal.aborted;
  }
}
