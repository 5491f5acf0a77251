/** CSV (RFC 4180) that spreadsheets don't run as formulas. */

/** Spreadsheets run a cell that begins like this as a formula, even in quotes. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** Ends with the end of the line. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
