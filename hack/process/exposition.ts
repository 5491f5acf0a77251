/** Parses the text format of Prometheus. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-z0-9_:]+)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /([a-z0-9_]+)="((?:[^"\\]|\\.)*)"/gi;

export function parseExposition(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`not a sample: ${line}`);
      return {
        name,
        labels: Object.fromEntries(
          [...labels.matchAll(LABEL)].map(([, label, text]) => [label, text]),
        ),
        value: Number(value),
      };
    });
}

/** The names of all metrics in the text, even of those without a series. */
export function metricNames(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
}
