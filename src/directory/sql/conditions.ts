/**
 * Turns conditions into SQL for both databases. Attribute names reach SQL as parameters only, and
 * only if the schema has them. Every condition is true or false and never NULL, so that `not` means
 * the same as in memory (scim/match.ts).
 */
import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import type { AttributeRef, Comparable, Condition } from '../../scim/condition.ts';
import type { CompareOperator } from '../../scim/filter.ts';
import type { Attribute } from '../../scim/schema.ts';
import type { Names, Tables } from './names.ts';
import type { ListSlot, LiteralSlot, ScalarType, Slot } from './template.ts';

/** Part of a statement: a composed expression, or the name of a column. */
export type Expression = SQL | StringChunk;

export type JsonPath = readonly (string | number)[];

/** What a value is compared with: a literal, or the slot of one. */
export type Operand = Comparable | LiteralSlot;

/** A condition that SQL is composed of. */
export type Searched = Condition<Operand>;

/**
 * What differs between the databases. A JSON path is a list of keys and indexes. An empty one
 * stands for the value itself, a scalar.
 */
export interface SearchDialect {
  readonly tables: Tables;
  /** The scalar at the path, in comparable form; NULL if there is none. */
  scalar(json: Expression, path: JsonPath, type: ScalarType): Expression;
  /** The JSON value at the path. */
  json(json: Expression, path: JsonPath): SQL;
  /** A FROM item with a column `value` for each element of the array at the path. */
  elements(json: Expression, path: JsonPath, alias: string): SQL;
  /**
   * Whether there is anything but null, "" and empty objects and arrays at the path or below it.
   */
  present(json: Expression, path: JsonPath): SQL;
  /** A FROM item with a column `value` for each of the ids. */
  values(ids: readonly string[] | Slot, alias: string): SQL;
  /** Whether the value is one of the few that the query selects, found by an index of the value. */
  among(value: Expression, query: SQL): SQL;
  /**
   * Joins the rows of the table that fulfil the condition to what precedes it in FROM, row by row
   * and by an index.
   */
  lookUp(table: Names<never>, condition: SQL): SQL;
  /** Equality that treats NULL as equal to NULL. */
  same(left: Expression, right: Expression): SQL;
  contains(text: Expression, part: Expression): SQL;
  startsWith(text: Expression, part: Expression): SQL;
  endsWith(text: Expression, part: Expression): SQL;
  bind(value: Operand): SQL;
  /** The length of the text of a JSON column. */
  bytes(json: Expression): SQL;
  /** Whether that is at most the limit. It takes next to nothing for the text of most resources. */
  isWithin(json: Expression, limit: SQL): SQL;
  /**
   * Runs a statement for each request of the lists, whose values are the columns of `w`, and numbers
   * the rows; see Numbered. If a statement is given that selects what is related to the row `s`, it
   * is run if the value of RELATED says so and the request has no other row, unless nothing is
   * related to the row.
   */
  shared?(lists: readonly ListSlot[], each: SQL, related?: RelatedToOne): SQL;
  /** True for every row until the statement is to end, if it has to look for that. */
  readonly unended?: SQL;
  /** Whether the plan of a statement depends on the indexes alone, and not on statistics. */
  readonly hasFixedPlans?: boolean;
  /** Selects a number that is another one after any write, if there is one. */
  readonly version?: SQL<DataVersion>;
}

interface RelatedToOne {
  readonly rows: SQL;
  /** Whether no request has several rows, which would have to be counted. */
  readonly isOfOne: boolean;
}

export interface DataVersion {
  readonly data_version: number;
}

/**
 * What a condition is evaluated on: a resource with its own columns, an element of an array, or a
 * row of a relation.
 */
export interface Holder {
  /**
   * Evaluates attributes that are not in the document; returns undefined for attributes that are.
   */
  readonly special?: (condition: LeafCondition, compile: Compile) => SQL | undefined;
  /**
   * A condition that an index can check first: true for every resource that fulfils the condition,
   * and for few others.
   */
  readonly narrow?: (condition: Searched) => SQL | undefined;
  readonly json: Expression;
  /** The holder is a plain value: an element of a multi-valued attribute without sub-attributes. */
  readonly atom?: boolean;
}

export type LeafCondition = Extract<Searched, { kind: 'present' | 'compare' | 'any' }>;
export type Compile = (condition: Searched, holder: Holder) => SQL;

export const TRUE = sql`1 = 1`;
export const FALSE = sql`1 = 0`;

export function conditionCompiler(dialect: SearchDialect): Compile {
  let aliases = 0;
  const compile: Compile = (condition, holder) => {
    const whole = compileWhole(condition, holder);
    const narrow =
      condition.kind === 'or' || condition.kind === 'any' ? holder.narrow?.(condition) : undefined;
    return narrow === undefined ? whole : sql`(${narrow} AND ${whole})`;
  };
  const compileWhole: Compile = (condition, holder) => {
    switch (condition.kind) {
      case 'constant':
        return condition.value ? TRUE : FALSE;
      case 'and':
      case 'or': {
        const glue = condition.kind === 'and' ? sql` AND ` : sql` OR `;
        return sql`(${sql.join(
          condition.terms.map((term) => compile(term, holder)),
          glue,
        )})`;
      }
      case 'not':
        return sql`NOT (${compile(condition.term, holder)})`;
      default:
        return holder.special?.(condition, compile) ?? compileLeaf(condition, holder);
    }
  };
  const compileLeaf = (condition: LeafCondition, holder: Holder): SQL => {
    const path = pathIn(condition.ref, holder);
    if (condition.kind === 'present') return presentIn(condition.ref, holder);
    if (condition.kind === 'compare') return compareIn(condition, holder);
    const { attribute } = condition.ref;
    if (!attribute.multiValued) {
      const inner = dialect.json(holder.json, path);
      return sql`(${inner} IS NOT NULL AND ${compile(condition.where, { json: inner })})`;
    }
    const alias = `e${++aliases}`;
    const inner = { json: sql.raw(`${alias}.value`), atom: attribute.type !== 'complex' };
    return sql`
      EXISTS (
        SELECT 1
        FROM ${dialect.elements(holder.json, path, alias)}
        WHERE ${compile(condition.where, inner)}
      )
    `;
  };
  const presentIn = (ref: AttributeRef, holder: Holder): SQL => {
    if (holder.atom) return sql`${dialect.scalar(holder.json, [], 'text')} <> ''`;
    if (ref.sub === undefined || !ref.attribute.multiValued) {
      return dialect.present(holder.json, [...pathOf(ref), ...subPath(ref)]);
    }
    const alias = `e${++aliases}`;
    const value = sql.raw(`${alias}.value`);
    return sql`
      EXISTS (
        SELECT 1
        FROM ${dialect.elements(holder.json, pathOf(ref), alias)}
        WHERE ${dialect.present(value, subPath(ref))}
      )
    `;
  };
  const compareIn = (
    { ref, operator, value }: Extract<Searched, { kind: 'compare' }>,
    holder: Holder,
  ): SQL => {
    const type = scalarType(ref);
    if (!ref.attribute.multiValued) {
      const path = [...pathIn(ref, holder), ...subPath(ref)];
      return compareScalar(dialect, dialect.scalar(holder.json, path, type), operator, value);
    }
    const alias = `e${++aliases}`;
    const element = dialect.scalar(sql.raw(`${alias}.value`), subPath(ref), type);
    return compareAny(
      dialect,
      dialect.elements(holder.json, pathOf(ref), alias),
      element,
      operator,
      value,
    );
  };
  return compile;
}

/** `from` has a row for each value. For the meaning of absent values, see Condition. */
export function compareAny(
  dialect: SearchDialect,
  from: SQL,
  value: Expression,
  operator: CompareOperator,
  expected: Operand | null,
): SQL {
  const some = sql`EXISTS (SELECT 1 FROM ${from} WHERE ${value} IS NOT NULL)`;
  if (expected === null) return operator === 'eq' ? sql`NOT ${some}` : some;
  const holds = sql`
    EXISTS (
      SELECT 1
      FROM ${from}
      WHERE ${value} IS NOT NULL AND ${compareScalar(dialect, value, operator, expected)}
    )
  `;
  return operator === 'ne' ? sql`(NOT ${some} OR ${holds})` : holds;
}

export function compareScalar(
  dialect: SearchDialect,
  value: Expression,
  operator: CompareOperator,
  expected: Operand | null,
): SQL {
  if (expected === null)
    return operator === 'eq' ? sql`${value} IS NULL` : sql`${value} IS NOT NULL`;
  const bound = dialect.bind(expected);
  const known = (condition: SQL) => sql`COALESCE(${condition}, ${FALSE})`;
  switch (operator) {
    case 'eq':
      return dialect.same(value, bound);
    case 'ne':
      return sql`NOT (${dialect.same(value, bound)})`;
    case 'co':
      return known(dialect.contains(value, bound));
    case 'sw':
      return known(dialect.startsWith(value, bound));
    case 'ew':
      return known(dialect.endsWith(value, bound));
    default:
      return known(sql`${value} ${ORDER[operator]} ${bound}`);
  }
}

const ORDER = { gt: sql`>`, ge: sql`>=`, lt: sql`<`, le: sql`<=` };

function pathIn(ref: AttributeRef, holder: Holder): JsonPath {
  return holder.atom ? [] : pathOf(ref);
}

export function pathOf({ extension, attribute }: AttributeRef): readonly string[] {
  return extension === undefined ? [attribute.name] : [extension, attribute.name];
}

export function scalarType({ attribute, sub }: AttributeRef): ScalarType {
  return SCALAR_TYPES[(sub ?? attribute).type] ?? 'text';
}

const SCALAR_TYPES: { readonly [T in Attribute['type']]?: ScalarType } = {
  boolean: 'boolean',
  integer: 'number',
  decimal: 'number',
};

export function subPath({ sub }: AttributeRef): readonly string[] {
  return sub === undefined ? [] : [sub.name];
}
