/** Finds the schema of the directory: the one that contains the ledger of its migrations. */
import { escapeIdentifier } from 'pg';
import { DatabaseRefusedError } from '../database-errors.ts';
import { TABLES } from './tables.ts';

export const LEDGER = 'scim_operator_migrations';

/** A connection that runs one statement after the other. */
export interface SetupSession {
  query<Row extends object>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
}

interface Home {
  readonly schema: string;
  /** Whether the schema contains a directory. */
  readonly hasLedger: boolean;
}

interface Found {
  /** All schemas with a ledger, even those that this role may not use. */
  readonly ledgers: readonly string[];
  readonly path: readonly string[];
  readonly searchPath: string;
  readonly known: boolean;
}

const FIND = `
  SELECT ARRAY(
    SELECT n.nspname::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = '${LEDGER}' AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
    ORDER BY 1
  ) AS ledgers,
    current_schemas(false)::text[] AS path,
    current_setting('search_path') AS "searchPath",
    EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1) AS known
`;

/**
 * Returns, in this order:
 * - the schema that the URL names,
 * - the one schema on the search path that has a ledger,
 * - if no schema has a ledger, the schema in which new tables are created.
 * Throws DatabaseRefusedError rather than begin an empty directory beside another one.
 */
export async function findHome(session: SetupSession, named: string | undefined): Promise<Home> {
  const [found] = (await session.query<Found>(FIND, [named ?? ''])).rows;
  if (found === undefined) throw new Error('the server returned nothing about its schemas');
  const { ledgers, path, searchPath, known } = found;
  if (named !== undefined) {
    if (known) return { schema: named, hasLedger: ledgers.includes(named) };
    const create = `CREATE SCHEMA ${escapeIdentifier(named)}`;
    throw new DatabaseRefusedError(`it has no schema ${named}; create it (${create})`);
  }
  const reached = ledgers.filter((schema) => path.includes(schema));
  if (reached.length > 1) {
    const [example] = reached;
    throw new DatabaseRefusedError(
      `it has a directory in each of the schemas ${reached.join(', ')}; name one in the URL, ` +
        `for example ?schema=${example}`,
    );
  }
  const [home] = reached;
  if (home !== undefined) return { schema: home, hasLedger: true };
  if (ledgers.length > 0) {
    throw new DatabaseRefusedError(
      `its directory is in the schema ${ledgers.join(', ')}, which is not on the search path ` +
        `(${searchPath}); name the schema in the URL, for example ?schema=${ledgers[0]}`,
    );
  }
  const [first] = path;
  if (first !== undefined) return { schema: first, hasLedger: false };
  throw new DatabaseRefusedError(
    `no schema on the search path (${searchPath}) exists for this user; create one, or name one ` +
      'in the URL with ?schema=',
  );
}

const TABLES_THERE = `
  SELECT c.relname::text AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = ANY($2)
  ORDER BY 1
`;

/** Throws DatabaseRefusedError if another program has tables of the same names. */
export async function checkFree(session: SetupSession, schema: string): Promise<void> {
  const { rows } = await session.query<{ name: string }>(TABLES_THERE, [schema, TABLES]);
  const [foreign] = rows;
  if (foreign === undefined) return;
  throw new DatabaseRefusedError(
    `it belongs to another program, which has a table ${foreign.name}; use another database, ` +
      'or a schema of its own with ?schema=',
  );
}
