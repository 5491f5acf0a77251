/**
 * The tables of a directory in the order in which they are transferred, and what differs between
 * the databases. Both have the same tables and columns, so PostgreSQL's table objects describe them.
 */
import { type Column, getTableName, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import * as schema from '../postgres/schema.ts';

/** The kinds of columns, named as PostgreSQL's types. */
const KINDS = ['text', 'integer', 'bigint', 'boolean', 'json', 'jsonb'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * A value as it is transferred, the same from either database: true is 1, json is the stored text,
 * and jsonb has its keys sorted.
 */
export type Value = string | number | null;
/** In the order of the table's columns. */
export type TransferRow = readonly Value[];

interface TransferColumn {
  readonly name: string;
  readonly kind: Kind;
  /** What is read instead of the column. */
  readonly read: string | undefined;
}

export interface TransferTable {
  readonly name: string;
  readonly columns: readonly TransferColumn[];
  /** What follows the table in the statement that reads it. */
  readonly order: string;
  /** A directory without rows of its own has rows here. */
  readonly filledAtCreation: boolean;
  /** False if the rows stay behind, and those of the target are removed. */
  readonly transferred: boolean;
}

/**
 * Tables whose rows mean something to the running processes only, and sign-ins, which end with the
 * directory that they were made in.
 */
const LEFT_BEHIND: ReadonlySet<PgTable> = new Set<PgTable>([
  schema.recentRequests,
  schema.sessions,
  schema.setupLinks,
]);

export const TRANSFER_TABLES: readonly TransferTable[] = Object.values(schema)
  .filter((table) => is(table, PgTable))
  .map(transferOf);

function transferOf(table: PgTable): TransferTable {
  if (table === schema.counters) return mergedCounters();
  // SQLite has no index by id, and PostgreSQL can sort a table of any size.
  if (table === schema.users)
    return { ...tableOf(table), order: `ORDER BY ${schema.users.userNameKey.name}` };
  return tableOf(table);
}

function tableOf(table: PgTable): TransferTable {
  const { columns, primaryKeys } = getTableConfig(table);
  const key = primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary);
  return {
    name: getTableName(table),
    columns: columns.map((column) => ({
      name: column.name,
      kind: kindOf(column),
      read: undefined,
    })),
    order: `ORDER BY ${key.map(({ name }) => name).join(', ')}`,
    filledAtCreation: table === schema.signingKeys,
    transferred: !LEFT_BEHIND.has(table),
  };
}

/** PostgreSQL spreads a counter over slots, and SQLite has one, so the sum is transferred. */
function mergedCounters(): TransferTable {
  const { tenant, name, slot, value } = schema.counters;
  const table = tableOf(schema.counters);
  const reads = new Map([
    [slot.name, '0'],
    [value.name, `sum(${value.name})`],
  ]);
  const key = `${tenant.name}, ${name.name}`;
  return {
    ...table,
    columns: table.columns.map((column) => ({ ...column, read: reads.get(column.name) })),
    order: `GROUP BY ${key} ORDER BY ${key}`,
  };
}

function kindOf(column: Column): Kind {
  const type = column.getSQLType();
  const kind = KINDS.find((each) => each === type);
  if (kind === undefined) throw new TypeError(`no transfer of ${type} is known`);
  return kind;
}

/** The statement that reads the table's rows in order. */
export function readStatement(
  { name, columns, order }: TransferTable,
  converted: (expression: string, kind: Kind) => string,
): string {
  const list = columns.map((column) => converted(column.read ?? column.name, column.kind));
  return `SELECT ${list.join(', ')} FROM ${name} ${order}`;
}

/** Brings what the database returned into the neutral form. */
export function neutralRows(
  { columns }: TransferTable,
  rows: readonly (readonly Value[])[],
): readonly TransferRow[] {
  if (!columns.some(({ kind }) => kind === 'jsonb')) return rows;
  return rows.map((row) =>
    row.map((value, index) =>
      columns[index]?.kind === 'jsonb' && typeof value === 'string' ? withSortedKeys(value) : value,
    ),
  );
}

/** PostgreSQL orders the keys of JSONB in its own way, and writes numbers without exponents. */
function withSortedKeys(json: string): string {
  return JSON.stringify(JSON.parse(json), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
