/**
 * A time limit that frees its memory at once. AbortSignal.any with AbortSignal.timeout would hold
 * it until the time is over.
 */

export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #others: readonly AbortSignal[];
  readonly #follow = ({ target }: Event) => {
    if (target instanceof AbortSignal) this.#controller.abort(target.reason);
  };

  /** Aborts after this time, or with one of the other signals. Call `clear` afterwards. */
  constructor(milliseconds: number, ...others: readonly (AbortSignal | undefined)[]) {
    this.#others = others.filter((signal) => signal !== undefined);
    this.#timer = setTimeout(() => {
      this.#controller.abort(new DOMException('the deadline has passed', 'TimeoutError'));
    }, milliseconds);
    for (const signal of this.#others) {
      if (signal.aborted) this.#controller.abort(signal.reason);
      else signal.addEventListener('abort', this.#follow);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
    for (const signal of this.#others) signal.removeEventListener('abort', this.#follow);
  }
}
