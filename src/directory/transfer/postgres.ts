/** The ends of a transfer on PostgreSQL. */
import { escapeIdentifier } from 'pg';
import { PostgresAddress } from '../postgres/connection/address.ts';
import { asScimError } from '../postgres/errors.ts';
import { FILL_REGISTRY } from '../postgres/registry.ts';
import { connect, findDirectory, prepareDatabase } from '../postgres/setup-connection.ts';
import { TABLES } from '../postgres/tables.ts';
import { BATCH_ROWS, type TransferSource, type TransferTarget } from './ends.ts';
import {
  type Kind,
  neutralRows,
  readStatement,
  type TransferRow,
  type TransferTable,
  type Value,
} from './tables.ts';

/**
 * A batch may wait for the other end, and the server may take long for the first one. If this
 * process vanishes, the server ends the transaction.
 */
const LIMITS = `
  SET LOCAL statement_timeout = 0;
  SET LOCAL idle_in_transaction_session_timeout = '5min'
`;

/**
 * Reads a directory of this version's schema, which may be in use: all of it as it is now. Throws
 * DatabaseRefusedError if there is no directory, or one of another version.
 */
export async function openPostgresSource(readUrl: () => string): Promise<TransferSource> {
  const address = new PostgresAddress(readUrl);
  const session = await openSession(address, await findDirectory(address));
  await session.begin(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${LIMITS}`);
  return sourceOn(session);
}

/**
 * Creates the directory if there is none. Nobody can write to it until the transaction ends. Throws
 * DatabaseRefusedError, or DatabaseNotMigratedError if the role may not create it.
 */
export async function openPostgresTarget(
  readUrl: () => string,
  now: () => number,
): Promise<TransferTarget> {
  const address = new PostgresAddress(readUrl);
  const schema = await prepareDatabase(address, now);
  const session = await openSession(address, schema);
  const tables = TABLES.map((name) => `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`);
  const lock = `LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`;
  await session.begin(`BEGIN; ${LIMITS}; ${lock}`);
  return {
    ...sourceOn(session),
    insert: async (table, rows) => {
      const values = table.columns.map((_, index) => rows.map((row) => row[index] ?? null));
      await session.query(insertStatement(table), values);
    },
    clear: async ({ name }) => {
      await session.query(`DELETE FROM ${name}`);
    },
    commit: async () => {
      for (const statement of FILL_REGISTRY) await session.query(statement);
      await session.query('COMMIT');
    },
  };
}

interface Session {
  query(text: string, values?: unknown[]): Promise<Value[][]>;
  /** Ends the connection if the transaction can't begin. */
  begin(text: string): Promise<void>;
  close(): Promise<void>;
}

async function openSession(address: PostgresAddress, schema: string): Promise<Session> {
  const { client } = await connect(address, 'transfer', schema);
  const query = async (text: string, values?: unknown[]) => {
    try {
      return (await client.query<Value[]>({ text, rowMode: 'array', ...(values && { values }) }))
        .rows;
    } catch (error) {
      throw asScimError(error);
    }
  };
  const close = () => client.end().catch(() => undefined);
  return {
    query,
    close,
    begin: async (text) => {
      await query(text).catch(async (error: unknown) => {
        await close();
        throw error;
      });
    },
  };
}

function sourceOn(session: Session): TransferSource {
  return { rows: (table) => rowsOf(session, table), close: () => session.close() };
}

async function* rowsOf(
  session: Session,
  table: TransferTable,
): AsyncGenerator<readonly TransferRow[]> {
  const statement = readStatement(table, fromPostgres);
  await session.query(`DECLARE transfer NO SCROLL CURSOR FOR ${statement}`);
  for (;;) {
    const rows = await session.query(`FETCH ${BATCH_ROWS} FROM transfer`);
    if (rows.length > 0) yield neutralRows(table, rows);
    if (rows.length < BATCH_ROWS) break;
  }
  await session.query('CLOSE transfer');
}

/** The driver returns BIGINT and NUMERIC as text; a double holds every number of a directory. */
function fromPostgres(expression: string, kind: Kind): string {
  if (kind === 'integer' || kind === 'bigint') return `(${expression})::float8`;
  if (kind === 'boolean') return `${expression}::integer`;
  return kind === 'text' ? expression : `${expression}::text`;
}

function insertStatement({ name, columns }: TransferTable): string {
  const list = columns.map((column) => column.name).join(', ');
  const values = columns.map(({ kind }, index) => `$${index + 1}::${ARRAYS[kind]}[]`);
  const converted = columns.map((column) => `r.${column.name}::${column.kind}`);
  return (
    `INSERT INTO ${name} (${list}) SELECT ${converted.join(', ')} ` +
    `FROM unnest(${values.join(', ')}) AS r(${list})`
  );
}

/** The types in which values are sent. */
const ARRAYS: Readonly<Record<Kind, string>> = {
  text: 'text',
  integer: 'float8',
  bigint: 'float8',
  boolean: 'integer',
  json: 'text',
  jsonb: 'text',
};
