/**
 * A directory whose tables of tenants are distributed by tenant, as partitions of PostgreSQL. Their
 * keys must begin with the tenant, as on an engine that distributes tables over machines.
 */
import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { vi } from 'vitest';
import { registry } from '../../../src/directory/postgres/registry.ts';
import * as schema from '../../../src/directory/postgres/schema.ts';
import { type PostgresDatabase, postgresWith } from './postgres.ts';

/** Tables that are the same for all tenants, or are read without knowing the tenant. */
const SHARED: readonly PgTable[] = [
  schema.users,
  schema.setupLinks,
  schema.madeObjects,
  schema.signingKeys,
  registry,
];

const PARTITIONS = 2;

export const sharedTables = SHARED.map(getTableName);
export const tenantTables = Object.values(schema)
  .filter((table) => is(table, PgTable))
  .filter((table) => !SHARED.includes(table));

/** The columns of each key and unique index of a table. */
export function keysOf(table: PgTable): string[][] {
  const { primaryKeys, indexes } = getTableConfig(table);
  const alone = Object.values(getTableColumns(table)).filter(({ primary }) => primary);
  const unique = indexes.filter(({ config }) => config.unique).map(({ config }) => config.columns);
  return [
    ...alone.map(({ name }) => [name]),
    ...primaryKeys.map(({ columns }) => columns.map(({ name }) => name)),
    ...unique.map((columns) => columns.map((each) => ('name' in each ? String(each.name) : ''))),
  ];
}

/** What the migrations created becomes a partitioned table of the same columns, keys and indexes. */
async function partition(database: PostgresDatabase): Promise<void> {
  for (const name of tenantTables.map(getTableName)) {
    const partitions = Array.from(
      { length: PARTITIONS },
      (_, n) =>
        `CREATE TABLE ${name}_p${n} PARTITION OF ${name}
         FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER ${n});`,
    );
    await database.query(`
      ALTER TABLE ${name} RENAME TO migrated;
      CREATE TABLE ${name} (LIKE migrated INCLUDING ALL) PARTITION BY HASH (tenant);
      DROP TABLE migrated;
      ${partitions.join('')}
    `);
  }
}

/** The server sends the plan of each statement that was executed. */
const EXPLAINED = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': 0,
  'auto_explain.log_level': 'notice',
  'auto_explain.log_format': 'json',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
};

export const usePartitions = postgresWith(async (database) => {
  await partition(database);
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(EXPLAINED))
    await database.query(`LOAD 'auto_explain'; ALTER DATABASE ${name} SET ${setting} = '${value}'`);
});

interface Node {
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly Node[];
}

/**
 * Watches connections until the result is called, which returns the statements that touched several
 * partitions.
 */
export function watchPartitions(): () => readonly string[] {
  const wide = new Set<string>();
  let seen = 0;
  const emit = pg.Client.prototype.emit;
  const spy = vi.spyOn(pg.Client.prototype, 'emit').mockImplementation(function (
    this: pg.Client,
    event: string | symbol,
    ...given: unknown[]
  ) {
    const { message = '' } = (event === 'notice' ? given[0] : {}) as { message?: string };
    const start = message.indexOf('plan:\n');
    if (start >= 0) {
      seen++;
      const { Plan: plan, 'Query Text': text } = JSON.parse(message.slice(start + 6)) as {
        readonly Plan: Node;
        readonly 'Query Text': string;
      };
      const isOfStore = text.includes('"public".');
      if (isOfStore && new Set(touched(plan)).size > 1)
        wide.add(text.replaceAll(/\s+/g, ' ').trim());
    }
    return Reflect.apply(emit, this, [event, ...given]);
  });
  return () => {
    spy.mockRestore();
    if (seen === 0) throw new Error('the server sent no plan');
    return [...wide];
  };
}

/** The numbers of the partitions that were read, in all tables. */
function touched({
  'Relation Name': name = '',
  'Actual Loops': loops,
  Plans = [],
}: Node): string[] {
  const own = loops === 0 ? undefined : /_p(\d)$/.exec(name)?.[1];
  return [...(own === undefined ? [] : [own]), ...Plans.flatMap(touched)];
}
