/**
 * Tables and columns as statements name them, taken from Drizzle's table objects. Drizzle itself
 * writes a column as "table"."column", which is wrong after an alias, in the column list of an
 * INSERT and in a SET clause.
 */
import { getTableColumns, getTableName, StringChunk, type Table } from 'drizzle-orm';
import type * as postgres from '../postgres/schema.ts';
import type * as sqlite from '../sqlite/schema.ts';

/** The tables of one of the databases. A test holds both to the same columns and row types. */
export type Tables = typeof postgres | typeof sqlite;

export type Row<Name extends keyof Tables> = Tables[Name]['$inferSelect'];

type ColumnOf<T extends Table> = keyof T['$inferSelect'] & string;

/**
 * The names of a table's columns, each with the alias if there is one. `table` is what follows
 * FROM, INTO or UPDATE: the name of the table and the alias.
 */
export type Names<Column extends string> = Readonly<
  Record<Column | 'table' | 'alias', StringChunk>
>;

const known = new WeakMap<Table, Map<string, Names<string>>>();

/** Made once for each table and alias. */
export function named<T extends Table>(table: T, alias = ''): Names<ColumnOf<T>> {
  const byAlias = known.get(table) ?? new Map<string, Names<string>>();
  known.set(table, byAlias);
  const names = byAlias.get(alias) ?? namesOf(table, alias);
  byAlias.set(alias, names);
  return names as Names<ColumnOf<T>>;
}

function namesOf(table: Table, alias: string): Names<string> {
  const name = getTableName(table);
  const columns = Object.entries(getTableColumns(table));
  const prefix = alias === '' ? '' : `${alias}.`;
  return {
    table: new StringChunk(alias === '' ? name : `${name} ${alias}`),
    alias: new StringChunk(alias === '' ? name : alias),
    ...Object.fromEntries(
      columns.map(([key, column]) => [key, new StringChunk(`${prefix}${column.name}`)]),
    ),
  };
}

/** A list of columns, as INSERT and ON CONFLICT take it. */
export function columns<Column extends string>(
  names: Readonly<Record<Column, StringChunk>>,
  ...keys: readonly Column[]
): StringChunk {
  return new StringChunk(keys.map((key) => nameText(names[key])).join(', '));
}

/** A list of columns to select, each under the key that it has in the row's type. */
export function selected<Column extends string>(
  names: Readonly<Record<Column, StringChunk>>,
  ...keys: readonly Column[]
): StringChunk {
  const each = keys.map((key) => {
    const name = nameText(names[key]);
    return name === key || name.endsWith(`.${key}`) ? name : `${name} AS "${key}"`;
  });
  return new StringChunk(each.join(', '));
}

export const nameText = ({ value }: StringChunk): string => value.join('');
