/** Waits longer after each failure. */

/**
 * Uses jitter, up to the doubled delay, so that clients that failed together don't return together.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(firstMs: number, mostMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#random = random;
  }

  next(): number {
    const ceiling = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#failures++, 30));
    return ceiling * (0.1 + 0.9 * this.#random());
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Resolves after this time, or as soon as the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
