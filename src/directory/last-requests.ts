/**
 * When each integration last sent a request, and with which token. The times are collected in memory
 * and written every few seconds, so that requests don't wait for it.
 */
import type { Store } from './store/store.ts';
import type { TokenUse } from './store/tokens.ts';

const FLUSH_INTERVAL_MS = 5_000;

export class RequestTracker {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  /** The last use of each token, by the token. */
  #uses = new Map<string, TokenUse>();
  #timer: NodeJS.Timeout | undefined;

  /** `onError` is called for a failed write; the next write includes its times. */
  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  note(integrationId: string, keyId: string, at: number): void {
    this.#uses.set(`${integrationId} ${keyId}`, { integrationId, keyId, at });
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const noted = this.#uses;
    if (noted.size === 0) return;
    this.#uses = new Map();
    const uses = [...noted.values()].toSorted((a, b) => a.at - b.at);
    try {
      await this.#store.tokens.touch(uses);
      await this.#store.integrations.touch(
        new Map(uses.map(({ integrationId, at }) => [integrationId, at])),
      );
    } catch (error) {
      for (const [token, use] of noted) {
        if (!this.#uses.has(token)) this.#uses.set(token, use);
      }
      this.#onError(error);
    }
  }
}
