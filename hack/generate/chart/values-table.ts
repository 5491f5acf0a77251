/**
 * The table of values in the chart's README, from the comments in values.yaml. A comment that begins
 * with `# --` and the lines below it describe the key that follows.
 */

const KEY = /^( *)([\w.-]+):(?: (.*))?$/;
const ITEM = /^ *- /;

interface Row {
  readonly path: string;
  readonly value: string;
  readonly description: string;
}

/** @throws {Error} A value has no description. */
export function valuesTable(yaml: string): string {
  const rows = rowsOf(yaml).map(
    ({ path, value, description }) => `| \`${path}\` | ${value} | ${description} |`,
  );
  return ['| value | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function rowsOf(yaml: string): readonly Row[] {
  const rows: Row[] = [];
  const above: string[] = [];
  let comment: string[] = [];
  /** Lines below a described key that are indented deeper belong to its value. */
  let owner: { readonly depth: number; readonly lines: string[] } | undefined;
  const lines = yaml.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') {
      comment = [];
      continue;
    }
    if (line.trimStart().startsWith('#')) {
      comment.push(line.trim().replace(/^# ?/, ''));
      continue;
    }
    const [, indent = '', key = '', rest] = KEY.exec(line) ?? [];
    const depth = indent.length / 2;
    if (owner !== undefined && (depth > owner.depth || ITEM.test(line))) continue;
    owner = undefined;
    const path = [...above.slice(0, depth), key].join('.');
    above.splice(depth, above.length, key);
    const described = comment.findIndex((each) => each.startsWith('-- '));
    if (described >= 0) {
      const description = comment.slice(described).join(' ').replace(/^-- /, '');
      const nested = below(lines.slice(index + 1), depth);
      rows.push({ path, value: shown(rest, nested), description: cell(description) });
      owner = { depth, lines: nested };
    } else if (rest !== undefined) {
      throw new Error(`values.yaml: ${path} has no comment that begins with "# --"`);
    }
    comment = [];
  }
  return rows;
}

function below(lines: readonly string[], depth: number): string[] {
  const end = lines.findIndex((line) => line.search(/\S/) <= depth * 2);
  return lines.slice(0, end === -1 ? lines.length : end);
}

function shown(rest: string | undefined, nested: readonly string[]): string {
  if (rest === undefined) return nested.length > 0 ? 'see values.yaml' : '';
  return rest === '""' || rest === 'null' ? '' : `\`${rest}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
