/** Generates the tables of fields in docs/reference/ from the schemas that the API server gets. */

interface Field {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly items?: Field;
  readonly additionalProperties?: Field;
}

/** Returns Markdown with a row for each field below `root`, parents before their children. */
export function fieldTable(schema: Field, root: 'spec' | 'status'): string {
  const rows = rowsOf(schema.properties?.[root] ?? {}, '');
  return ['| field | type | meaning |', '|---|---|---|', ...rows].join('\n');
}

function rowsOf({ properties = {} }: Field, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const cells = [`\`${path}\``, typeOf(field), cell(field.description ?? '')];
    return [
      `| ${cells.join(' | ')} |`,
      ...rowsOf(field, `${path}.`),
      ...rowsOf(field.items ?? {}, `${path}[].`),
    ];
  });
}

function typeOf(field: Field): string {
  const { type = '', format, enum: values, maxLength, items, additionalProperties } = field;
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  if (items !== undefined) return `list of ${pluralOf(items)}`;
  if (additionalProperties !== undefined) return `map of ${pluralOf(additionalProperties)}`;
  if (format === 'date-time') return 'time';
  return maxLength === undefined ? type : `${type}, up to ${maxLength.toLocaleString('en-US')}`;
}

const pluralOf = (field: Field): string => typeOf(field).replace(/^\w+/, '$&s');

/** Text as the cell of a table. */
export const cell = (text: string): string => text.replaceAll('<', '&lt;').replaceAll('|', '\\|');

/**
 * Replaces the text between the marks of `name` in a document. Throws if it has no such marks, or
 * more than one pair.
 */
export function fillIn(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the document has no ${begin} … ${end}`);
  if (document.lastIndexOf(begin) !== from) throw new Error(`the document has two ${begin}`);
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
}
