/** CSV (RFC 4180) that spreadsheets don't run as formulas. */

/**
 * Spreadsheets run a cell that begins like this as a formula, even in quotes. To one that separates
 * cells by semicolons or tabs, our quotes mean nothing: a cell begins behind each of these, and in
 * each line, whatever quotes are before it. A match takes all that is between, so that none of it is
 * read twice.
 */
const BEGINNING = /((?:^|[;\t\r\n])[\s";]*)([=+\-@＝＋－＠]?)/g;

/** Ends with the end of the line. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = value.replace(BEGINNING, (beginning, before: string, sign: string) =>
    sign === '' ? beginning : `${before}'${sign}`,
  );
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
