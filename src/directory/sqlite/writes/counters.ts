/** Counters of tenants. What jobs add is written once for each transaction. */
import { sql } from 'drizzle-orm';
import { columns, named } from '../../sql/names.ts';
import type { SqliteConnection } from '../connections.ts';
import { counters } from '../schema.ts';
import { prepared } from './prepared.ts';

const c = named(counters);
const KEY = columns(c, 'tenant', 'name', 'slot');
const COLUMNS = columns(c, 'tenant', 'name', 'slot', 'value');

export interface Count {
  readonly tenant: string;
  readonly name: string;
  readonly by: number;
}

/** Adds the sums of the counts. */
export function counting(write: SqliteConnection): (counts: readonly Count[]) => void {
  const add = prepared<[tenant: string, name: string, by: number]>(
    write,
    sql`
      INSERT INTO ${c.table} (${COLUMNS})
      VALUES (?, ?, 0, ?)
      ON CONFLICT (${KEY}) DO UPDATE SET ${c.value} = ${c.value} + ${named(counters, 'excluded').value}
    `,
  );
  return (counts) => {
    const sums = new Map<string, Count>();
    for (const { tenant, name, by } of counts) {
      const key = `${tenant} ${name}`;
      sums.set(key, { tenant, name, by: by + (sums.get(key)?.by ?? 0) });
    }
    for (const { tenant, name, by } of sums.values()) if (by !== 0) add.run(tenant, name, by);
  };
}
