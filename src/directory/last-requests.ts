/**
 * When each integration last sent a request. The times are collected in memory and written every
 * few seconds, so that requests don't wait for it.
 */
import type { Store } from './store/store.ts';

const FLUSH_INTERVAL_MS = 5_000;

export class RequestTracker {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  #lastRequests = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `onError` is called for a failed write; the next write includes its times. */
  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  note(integrationId: string, at: number): void {
    this.#lastRequests.set(integrationId, at);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const noted = this.#lastRequests;
    if (noted.size === 0) return;
    this.#lastRequests = new Map();
    try {
      await this.#store.integrations.touch(noted);
    } catch (error) {
      for (const [id, at] of noted) {
        if (!this.#lastRequests.has(id)) this.#lastRequests.set(id, at);
      }
      this.#onError(error);
    }
  }
}
