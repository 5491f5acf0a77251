/**
 * A gauge whose series are read when the metrics are, and kept by nobody. prom-client would hold
 * each beside a text of all its labels; with thousands of integrations that is more than the
 * operator itself holds.
 */
import { Gauge, type GaugeConfiguration } from 'prom-client';

/** One series: its labels and its value. */
export type Series<L extends string> = readonly [Readonly<Record<L, string>>, number];

interface ReadGaugeOptions<L extends string>
  extends Pick<GaugeConfiguration<L>, 'name' | 'help' | 'registers'> {
  readonly labelNames: readonly L[];
  readonly read: () => Promise<Iterable<Series<L>>>;
}

export class ReadGauge<L extends string> extends Gauge<L> {
  readonly #read: () => Promise<Iterable<Series<L>>>;

  constructor({ read, ...configuration }: ReadGaugeOptions<L>) {
    super(configuration);
    this.#read = read;
  }

  override async get() {
    return { ...(await super.get()), values: [...valuesOf(await this.#read())] };
  }

  /**
   * What prom-client prefers for its text: one series at a time, each forgotten as soon as its line
   * is made.
   */
  async getForPromString() {
    return { ...(await super.get()), values: valuesOf(await this.#read()) };
  }
}

function* valuesOf<L extends string>(series: Iterable<Series<L>>) {
  for (const [labels, value] of series) yield { labels, value };
}
