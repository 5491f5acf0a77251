/** Tables in Markdown, and numbers in them. */

/** The first column is text, and the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, index) => (index === 0 ? '---|' : '---:|')).join('')}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Three digits, or all of a larger whole number; a dash for none. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

export const percent = (share: number): string => `${whole(share * 100)} %`;

export const megabytes = (bytes: number): string => whole(bytes / 1e6);
