/** The SearchDialect of SQLite, for JSONB documents. */
import { sql } from 'drizzle-orm';
import type { JsonPath } from '../sql/conditions.ts';
import type { MembershipDialect } from '../sql/followed-groups.ts';
import { LiteralSlot, Slot } from '../sql/template.ts';
import * as tables from './schema.ts';

/** CROSS JOIN keeps the planner to this order. */
const inThisOrder: MembershipDialect['joined'] = ({ table }, condition) =>
  sql`CROSS JOIN ${table} ON ${condition}`;

export const sqliteDialect: MembershipDialect = {
  tables,
  asked: (rows) =>
    sql`
      (
        SELECT value ->> 0 AS tenant, value ->> 1 AS value
        FROM json_each(${JSON.stringify(rows.map(({ tenant, value }) => [tenant, value]))})
      ) AS w
    `,
  scalar: (json, path, type) => {
    const value = path.length === 0 ? json : sql`(${json} ->> ${textOf(path)})`;
    // To SQLite, JSON's 9007199254740994 is an integer of 64 bits; everywhere else it is a double.
    return type === 'number' ? sql`CAST(${value} AS REAL)` : value;
  },
  json: (json, path) => sql`(${json} -> ${textOf(path)})`,
  elements: (json, path, alias) => sql`json_each(${json}, ${textOf(path)}) AS ${sql.raw(alias)}`,
  present: (json, path) =>
    sql`
      EXISTS (
        SELECT 1
        FROM json_tree(${json}, ${textOf(path)}) AS t
        WHERE t.atom IS NOT NULL AND t.atom <> ''
      )
    `,
  values: (ids, alias) => {
    const list = ids instanceof Slot ? new Slot(ids.name, JSON.stringify) : JSON.stringify(ids);
    return sql`json_each(${list}) AS ${sql.raw(alias)}`;
  },
  among: (value, query) => sql`${value} IN (${query})`,
  lookUp: inThisOrder,
  joined: inThisOrder,
  same: (left, right) => sql`${left} IS ${right}`,
  contains: (text, part) => sql`instr(${text}, ${part}) > 0`,
  startsWith: (text, part) => sql`substr(${text}, 1, length(${part})) = ${part}`,
  endsWith: (text, part) =>
    sql`
      (
        length(${text}) >= length(${part})
          AND substr(${text}, length(${text}) - length(${part}) + 1) = ${part}
      )
    `,
  bind: (value) => {
    if (value instanceof LiteralSlot && value.type === 'boolean')
      return sql`${value.as('number', Number)}`;
    return sql`${typeof value === 'boolean' ? Number(value) : value}`;
  },
  bytes: (json) => sql`octet_length(${json})`,
  isWithin: (json, limit) => sql`octet_length(${json}) <= ${limit}`,
  // The function costs as much as a comparison, so one row in sixteen calls it. By their ids, a
  // client could keep only rows that don't.
  unended: sql`(random() & 15 <> 0 OR unended())`,
  hasFixedPlans: true,
  // It has a meaning on one connection only, and there reads of that thread alone ask for it.
  version: sql`PRAGMA data_version`,
};

function textOf(path: JsonPath): string {
  return `$${path.map((key) => (typeof key === 'number' ? `[${key}]` : `."${key}"`)).join('')}`;
}
