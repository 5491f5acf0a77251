/** The SearchDialect of PostgreSQL, for JSONB documents. */
import { type SQL, sql } from 'drizzle-orm';
import type { JsonPath } from '../sql/conditions.ts';
import type { MembershipDialect } from '../sql/followed-groups.ts';
import { LiteralSlot, type ScalarType, Slot } from '../sql/template.ts';
import * as tables from './schema.ts';

const RELATED = new Slot('related');

/** Rows about the groups of one user that a shared statement selects at most. */
const MOST_RELATED = sql.raw('200');
const MORE_RELATED = sql.raw('201');

export const postgresDialect: MembershipDialect = {
  tables,
  asked: (rows) =>
    sql`
      unnest(
        ${array(rows.map(({ tenant }) => tenant))}, ${array(rows.map(({ value }) => value))}
      ) AS w(tenant, value)
    `,
  scalar: (json, path, type) => SCALARS[type](sql`(${json} #>> ${arrayOf(path)})`),
  json: (json, path) => sql`(${json} #> ${arrayOf(path)})`,
  elements: (json, path, alias) => {
    const value = sql`${json} #> ${arrayOf(path)}`;
    const array = sql`CASE jsonb_typeof(${value}) WHEN 'array' THEN ${value} END`;
    return sql`jsonb_array_elements(${array}) AS ${sql.raw(alias)}(value)`;
  },
  present: (json, path) =>
    sql`COALESCE(jsonb_path_exists(${json} #> ${arrayOf(path)}, ${ANY_VALUE}::jsonpath), FALSE)`,
  values: (ids, alias) => sql`unnest(${array(ids)}) AS ${sql.raw(alias)}(value)`,
  // For a join, the planner may read the whole table if it lacks statistics.
  among: (value, query) => sql`${value} = ANY(ARRAY(${query}))`,
  // OFFSET keeps the planner from reading the whole table for a join.
  lookUp: ({ table, alias }, condition) =>
    sql`CROSS JOIN LATERAL (SELECT * FROM ${table} WHERE ${condition} OFFSET 0) AS ${alias}`,
  joined: ({ table }, condition) => sql`JOIN ${table} ON ${condition}`,
  same: (left, right) => sql`${left} IS NOT DISTINCT FROM ${right}`,
  contains: (text, part) => sql`strpos(${text}, ${part}) > 0`,
  startsWith: (text, part) => sql`starts_with(${text}, ${part})`,
  endsWith: (text, part) =>
    sql`(length(${text}) >= length(${part}) AND right(${text}, length(${part})) = ${part})`,
  bind: (value) => {
    const type = value instanceof LiteralSlot ? value.type : typeof value;
    if (type === 'boolean') return sql`${value}::boolean`;
    return type === 'number' ? sql`${value}::numeric` : sql`${value}::text COLLATE "C"`;
  },
  bytes: (json) => sql`octet_length(${json}::text)`,
  // The size is that of a compressed text, if it is one.
  isWithin: (json, limit) =>
    sql`
      (
        pg_column_size(${json}) <= ${limit}
          AND (pg_column_compression(${json}) IS NULL OR octet_length(${json}::text) <= ${limit})
      )
    `,
  shared: (lists, each, related) => {
    const types = { text: 'text', number: 'numeric', boolean: 'boolean' };
    const values = lists.map((list) => sql`${list}::${sql.raw(types[list.type])}[]`);
    const columns = sql.raw([...lists.map(({ name }) => name), 'n'].join(', '));
    const more =
      related === undefined
        ? sql``
        : sql`,
            CASE WHEN ${RELATED}::boolean
              AND ${related.isOfOne ? sql`TRUE` : sql`s.found = 1`}
              AND s.memberships BETWEEN 1 AND ${MOST_RELATED}
              THEN (
                SELECT CASE WHEN count(*) <= ${MOST_RELATED} THEN json_agg(f) END
                FROM (${related.rows} LIMIT ${MORE_RELATED}) AS f
              )
            END AS related`;
    const found = related?.isOfOne === false ? sql`, count(*) OVER () AS found` : sql``;
    // OFFSET keeps the planner from reading a whole table for a join.
    return sql`
      SELECT w.n, s.*${more}
      FROM unnest(${sql.join(values, sql`, `)}) WITH ORDINALITY AS w(${columns})
        CROSS JOIN LATERAL (SELECT *${found} FROM (${each}) AS one OFFSET 0) AS s
    `;
  },
};

/** Anything but null, "" and empty objects and arrays, at any depth. */
const ANY_VALUE =
  '$.** ? (@.type() == "number" || @.type() == "boolean" || (@.type() == "string" && @ != ""))';

const SCALARS: Readonly<Record<ScalarType, (text: SQL) => SQL>> = {
  text: (text) => sql`(${text} COLLATE "C")`,
  number: (text) => sql`(${text})::numeric`,
  boolean: (text) => sql`(${text})::boolean`,
};

/** A list of texts as one parameter. */
export function array(values: readonly string[] | Slot): SQL {
  return sql`${values instanceof Slot ? values : sql.param(values)}::text[]`;
}

const arrayOf = (path: JsonPath): SQL => array(path.map(String));
