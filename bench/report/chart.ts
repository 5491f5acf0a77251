/** Growth curves as SVG with logarithmic axes, legible on a light and on a dark background. */

export interface Curve {
  readonly name: string;
  /** For each size. */
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  readonly curves: readonly Curve[];
}

const [WIDTH, HEIGHT] = [760, 400];
const AREA = { left: 56, right: 520, top: 44, bottom: 352 };
const LABEL_HEIGHT = 17;
/** Told apart in all common kinds of colour vision, and with contrast to white and to black. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#b0559a', '#8a7400', '#4a86c5'];
const DASHES = ['none', '8 3', '2 3', '8 3 2 3', '14 4', '4 4'];

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .35 }
.curve { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #d1d7de } }`;

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const at = (value: number) => Number(value.toFixed(1));
const short = (value: number) => (value >= 1 ? value.toLocaleString('en-US') : String(value));

/** The powers of ten from the one below the least value to the one above the greatest. */
export function decades(values: readonly number[]): readonly number[] {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: to - from + 1 }, (_, index) => Number(`1e${from + index}`));
}

/** The value's place between two places, by its logarithm. */
function scale(from: number, to: number, first: number, last: number): (value: number) => number {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  return (value) => at(first + ((Math.log10(value) - low) / (high - low || 1)) * (last - first));
}

/** Moves labels down until none overlaps the one above. */
export function spreadLabels(wanted: readonly number[]): readonly number[] {
  const order = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let least = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    least = Math.max(wanted[index] ?? 0, least + LABEL_HEIGHT);
    placed[index] = least;
  }
  return placed;
}

export function svgOf({ title, unit, sizes, curves }: Chart): string {
  const ticks = decades(curves.flatMap(({ values }) => values));
  const x = scale(sizes[0] ?? 1, sizes.at(-1) ?? 1, AREA.left, AREA.right);
  const y = scale(ticks[0] ?? 1, ticks.at(-1) ?? 1, AREA.bottom, AREA.top);
  const labels = spreadLabels(curves.map(({ values }) => y(values.at(-1) ?? 1)));
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    `<line class="grid" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
  const text = (x: number, y: number, anchor: string, content: string, more = '') =>
    `<text x="${x}" y="${at(y)}" text-anchor="${anchor}"${more}>${escaped(content)}</text>`;
  const stroke = (index: number) =>
    `stroke="${COLOURS[index % COLOURS.length]}" stroke-dasharray="${DASHES[index % DASHES.length]}"`;
  const drawn = curves.flatMap(({ name, values }, index) => {
    const points = values.map((value, size) => `${x(sizes[size] ?? 1)},${y(value)}`);
    const label = labels[index] ?? 0;
    const from = AREA.right + 8;
    return [
      `<polyline class="curve" ${stroke(index)} points="${points.join(' ')}"/>`,
      `<line class="curve" ${stroke(index)} x1="${from}" y1="${at(label)}" x2="${from + 26}" y2="${at(label)}"/>`,
      text(from + 32, label + 4, 'start', name),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    text(AREA.left, 24, 'start', title, ' class="title"'),
    ...ticks.flatMap((tick) => [
      line(AREA.left, y(tick), AREA.right, y(tick)),
      text(AREA.left - 8, y(tick) + 4, 'end', short(tick)),
    ]),
    ...sizes.flatMap((size) => [
      line(x(size), AREA.top, x(size), AREA.bottom),
      text(x(size), AREA.bottom + 20, 'middle', short(size)),
    ]),
    text((AREA.left + AREA.right) / 2, AREA.bottom + 40, 'middle', unit),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
