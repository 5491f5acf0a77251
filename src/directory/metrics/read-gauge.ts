/**
 * A gauge whose series are read on a scrape and not kept. prom-client would keep each series with a
 * text of all its labels, which takes more memory than the rest of the operator if there are
 * thousands of integrations.
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
   * prom-client calls this for its text format. It takes one series at a time and can forget each
   * one after writing its line.
   */
  async getForPromString() {
    return { ...(await super.get()), values: valuesOf(await this.#read()) };
  }
}

function* valuesOf<L extends string>(series: Iterable<Series<L>>) {
  for (const [labels, value] of series) yield { labels, value };
}
