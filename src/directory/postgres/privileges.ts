/**
 * Checks the privileges of the role: one role may own and migrate the directory, and another one
 * serve.
 */
import { escapeIdentifier } from 'pg';
import { DatabaseRefusedError } from '../database-errors.ts';
import { LEDGER, type SetupSession } from './ledger.ts';
import { TABLES } from './tables.ts';

const NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

interface Role {
  readonly name: string;
  readonly usage: boolean;
  readonly ledger: boolean | null;
}

const ROLE = `
  SELECT current_user::text AS name,
    has_schema_privilege(n.oid, 'USAGE') AS usage,
    (
      SELECT has_table_privilege(c.oid, 'SELECT')
      FROM pg_catalog.pg_class c
      WHERE c.relnamespace = n.oid AND c.relname = '${LEDGER}'
    ) AS ledger
  FROM pg_catalog.pg_namespace n
  WHERE n.nspname = $1
`;

const LACKING = `
  SELECT t.name || ': ' || string_agg(p.name, ', ' ORDER BY p.position) AS lacks
  FROM unnest($2::text[]) AS t(name)
  CROSS JOIN unnest($3::text[]) WITH ORDINALITY AS p(name, position)
  JOIN pg_catalog.pg_namespace n ON n.nspname = $1
  LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
  WHERE c.oid IS NULL OR NOT has_table_privilege(c.oid, p.name)
  GROUP BY t.name
  ORDER BY t.name
`;

/**
 * Throws DatabaseRefusedError, with the GRANTs to run, if the role may not read the ledger of
 * migrations.
 */
export async function checkReadsLedger(session: SetupSession, schema: string): Promise<void> {
  const [role] = (await session.query<Role>(ROLE, [schema])).rows;
  if (role === undefined || (role.usage && role.ledger !== false)) return;
  throw lacks(role.name, schema, role.usage ? `${LEDGER}: SELECT` : `schema ${schema}: USAGE`);
}

/**
 * Throws DatabaseRefusedError, with the GRANTs to run, if the role may not read and write every
 * table.
 */
export async function checkServes(session: SetupSession, schema: string): Promise<void> {
  const { rows } = await session.query<{ lacks: string }>(LACKING, [schema, TABLES, NEEDED]);
  if (rows.length === 0) return;
  const { name = '' } = (await session.query<Role>(ROLE, [schema])).rows[0] ?? {};
  const [first] = rows;
  const others = rows.length > 1 ? ` and on ${rows.length - 1} other tables` : '';
  throw lacks(name, schema, `${first?.lacks}${others}`);
}

/** Whether the role may create tables. */
export async function mayMigrate(session: SetupSession, schema: string): Promise<boolean> {
  const { rows } = await session.query<{ may: boolean }>(
    `SELECT has_schema_privilege($1, 'CREATE') AS may`,
    [schema],
  );
  return rows[0]?.may === true;
}

function lacks(role: string, schema: string, what: string): DatabaseRefusedError {
  const [to, where] = [escapeIdentifier(role), escapeIdentifier(schema)];
  return new DatabaseRefusedError(
    `the role ${role} lacks privileges (${what}); run as the owner of the tables: GRANT USAGE ON ` +
      `SCHEMA ${where} TO ${to}; GRANT ${NEEDED.join(', ')} ON ALL TABLES IN SCHEMA ${where} ` +
      `TO ${to}`,
  );
}
