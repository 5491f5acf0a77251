/** Look-ups that begin with an index of ids: its rows lead to those of the resources. */
import { type SQL, sql } from 'drizzle-orm';
import { conditionCompiler, type Expression, type Searched } from '../conditions.ts';
import { lookUpOf } from '../index-candidates.ts';
import { resourceHolder } from '../resource-conditions.ts';
import type { SearchContext } from '../resource-key.ts';

interface LookUpRows {
  /** A FROM item with the rows of the resources. */
  readonly rows: SQL;
  /** What is left to be compared of them. */
  readonly conditions: readonly SQL[];
  /** The id that the index has: rows in its order need not be sorted. */
  readonly id: Expression;
}

/**
 * Undefined if no index of ids leads to the rows, or if several have to be combined. PostgreSQL, with
 * wrong statistics, might begin with another index.
 */
export function rowsOfLookUp(filter: Searched, context: SearchContext): LookUpRows | undefined {
  const { dialect, scope, r } = context;
  if (!dialect.hasFixedPlans) return undefined;
  const found = lookUpOf(filter, context);
  if (found === undefined) return undefined;
  const compile = conditionCompiler(dialect);
  const { narrow: _, ...holder } = resourceHolder(context);
  return {
    rows: sql`
      (${found.ids}) AS c
      ${dialect.lookUp(r, sql`${r.tenant} = ${scope.tenant} AND ${r.id} = c.id`)}
    `,
    conditions: found.rest.map((each) => compile(each, holder)),
    id: sql`c.id`,
  };
}
