/** When the process could not answer because it was killed or stopped: what failed then is nobody's fault. */

export class Downtime {
  readonly #periods: { readonly from: number; to: number }[] = [];

  /** Runs what takes the process down and brings it back. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const period = { from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.#periods.push(period);
    try {
      return await run();
    } finally {
      period.to = performance.now();
    }
  }

  /** Whether the process was down at any moment between the two. */
  covers(from: number, to: number): boolean {
    return this.#periods.some((period) => period.from <= to && period.to >= from);
  }
}
