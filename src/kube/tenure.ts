/**
 * One process's hold on a Lease: valid for the renew deadline from the moment the last renewal was
 * sent.
 */

import type { Lease } from './lease.ts';
import type { Fence } from './transport.ts';

/** The lead was lost: nothing may be written any more. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';

  constructor() {
    super('the lead was lost');
  }
}

/** The Lease as this process wrote it, and when it sent that, on a monotonic clock. */
export interface Held {
  readonly lease: Lease;
  readonly sentAt: number;
}

interface TenureOptions {
  readonly renewDeadlineMs: number;
  readonly clock: () => number;
  /** Called once; without a reason the time ran out. */
  readonly onLost: (reason: string | undefined) => void;
}

export class Tenure implements Fence {
  readonly #options: TenureOptions;
  readonly #lost = new AbortController();
  #held: Held;
  #timer: NodeJS.Timeout | undefined;

  constructor(held: Held, options: TenureOptions) {
    this.#options = options;
    this.#held = held;
    this.renewed(held);
  }

  get lease(): Lease {
    return this.#held.lease;
  }

  /** Aborts when the hold is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Looks at the clock itself: after a freeze of the process answers are read before timers run.
   */
  get isLost(): boolean {
    if (this.#remainingMs() <= 0) this.lose(undefined);
    return this.signal.aborted;
  }

  permit(): void {
    if (this.isLost) throw new NotLeadingError();
  }

  renewed(held: Held): void {
    this.end();
    if (this.signal.aborted) return;
    this.#held = held;
    this.#timer = setTimeout(() => this.lose(undefined), Math.max(0, this.#remainingMs()));
  }

  lose(reason: string | undefined): void {
    if (this.signal.aborted) return;
    this.end();
    this.#options.onLost(reason);
    this.#lost.abort(new NotLeadingError());
  }

  /** Nothing is lost any more by the passing of time. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #remainingMs(): number {
    return this.#held.sentAt + this.#options.renewDeadlineMs - this.#options.clock();
  }
}
