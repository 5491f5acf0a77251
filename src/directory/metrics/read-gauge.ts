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

const LINES_AT_ONCE = 500;

export class ReadGauge<L extends string> extends Gauge<L> {
  readonly #read: () => Promise<Iterable<Series<L>>>;

  constructor({ read, ...configuration }: ReadGaugeOptions<L>) {
    super(configuration);
    this.#read = read;
  }

  override async get() {
    const values = Array.from(await this.#read(), ([labels, value]) => ({ labels, value }));
    return { ...(await super.get()), values };
  }

  /** The text format in pieces, because that of thousands of integrations is megabytes. */
  async pieces(): Promise<Iterable<string>> {
    const { name, help } = await super.get();
    return piecesOf(name, help, await this.#read());
  }
}

function* piecesOf<L extends string>(
  name: string,
  help: string,
  series: Iterable<Series<L>>,
): Generator<string> {
  let lines = [`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`];
  for (const [labels, value] of series) {
    lines.push(`${name}{${textOf(labels)}} ${value}\n`);
    if (lines.length < LINES_AT_ONCE) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

function textOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escaped(value)}"`)
    .join(',');
}

const escaped = (value: string): string =>
  value.replace(/["\\\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
