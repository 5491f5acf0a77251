/** A gauge whose series are read when the metrics are. Nobody keeps them: prom-client would hold each beside a text of all its labels. */
import { Gauge, type GaugeConfiguration } from 'prom-client';

/** One series: its labels and its value. */
export type Series<L extends string> = readonly [Readonly<Record<L, string>>, number];

export interface ReadGaugeOptions<L extends string>
  extends Pick<GaugeConfiguration<L>, 'name' | 'help' | 'registers'> {
  readonly labelNames: readonly L[];
  readonly read: () => Promise<readonly Series<L>[]>;
}

export class ReadGauge<L extends string> extends Gauge<L> {
  readonly #read: () => Promise<readonly Series<L>[]>;

  constructor({ read, ...configuration }: ReadGaugeOptions<L>) {
    super(configuration);
    this.#read = read;
  }

  override async get() {
    const series = await this.#read();
    const values = series.map(([labels, value]) => ({ labels, value }));
    return { ...(await super.get()), values };
  }
}
