/** CSV (RFC 4180) that spreadsheets don't run as formulas. */

/**
 * Spreadsheets run a cell that begins like this as a formula, even in quotes. To one that separates
 * cells by semicolons or tabs, our quotes mean nothing: a cell begins behind each of these, and in
 * each line.
 */
const FORMULA = /((?:^|[;\t\r\n])\s*)([=+\-@＝＋－＠])/g;

/** Ends with the end of the line. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = value.replace(FORMULA, "$1'$2");
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
