/** Records when the process was killed or stopped. Requests that failed then are excused. */

export class Downtime {
  readonly #periods: { readonly from: number; to: number }[] = [];

  /** Runs a function that takes the process down and brings it back. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const period = { from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.#periods.push(period);
    try {
      return await run();
    } finally {
      period.to = performance.now();
    }
  }

  /** Whether the process was down at any moment of the interval. */
  covers(from: number, to: number): boolean {
    return this.#periods.some((period) => period.from <= to && period.to >= from);
  }
}
