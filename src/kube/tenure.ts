/**
 * One process's hold on a Lease. It is valid for the renew deadline, counted from the moment when
 * the last renewal was sent.
 */

import type { Lease } from './lease.ts';
import type { Fence } from './transport.ts';

/** The lead was lost, so nothing may be written any more. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';

  constructor() {
    super('the lead was lost');
  }
}

/** The Lease as this process wrote it, and when it sent the write, on a monotonic clock. */
export interface Held {
  readonly lease: Lease;
  readonly sentAt: number;
}

interface TenureOptions {
  readonly renewDeadlineMs: number;
  readonly clock: () => number;
  /** Called once, without a reason if the time ran out. */
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

  /** Reads the clock, because after a freeze, the process reads responses before timers run. */
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

  /** Stops the timer, so that the hold is no longer lost when the time runs out. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #remainingMs(): number {
    return this.#held.sentAt + this.#options.renewDeadlineMs - this.#options.clock();
  }
}
