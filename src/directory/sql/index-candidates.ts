/**
 * What an index can answer: the ids that a look-up by equality finds, so that a filter is checked
 * on few resources.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { AttributeRef, Condition } from '../../scim/condition.ts';
import { pathOf, subPath } from './conditions.ts';
import { holdersOfMember, usersBelow } from './relations.ts';
import type { SearchContext } from './search-context.ts';
import { LOOKUP_PATHS } from './search-document.ts';

/**
 * Selects ids of which every resource that fulfils the condition is one; undefined where no index
 * helps. Within a condition between `[ ]`, `outer` is the attribute before the brackets.
 */
export function candidates(
  condition: Condition,
  context: SearchContext,
  outer?: AttributeRef,
): SQL | undefined {
  switch (condition.kind) {
    case 'and':
      return found(condition.terms, context, outer)[0];
    case 'or': {
      const each = found(condition.terms, context, outer);
      return each.length === condition.terms.length ? sql.join(each, sql` UNION ALL `) : undefined;
    }
    case 'any':
      return candidates(condition.where, context, condition.ref);
    case 'compare': {
      const { ref, operator, value } = condition;
      if (operator !== 'eq' || value === null) return undefined;
      const path =
        outer === undefined
          ? [...pathOf(ref), ...subPath(ref)]
          : [...pathOf(outer), ...pathOf(ref)];
      return equal(path.join('.'), context.dialect.bind(value), context);
    }
    default:
      return undefined;
  }
}

function found(
  terms: readonly Condition[],
  context: SearchContext,
  outer: AttributeRef | undefined,
): SQL[] {
  return terms.map((term) => candidates(term, context, outer)).filter((each) => each !== undefined);
}

function equal(path: string, value: SQL, { scope, table, key }: SearchContext): SQL | undefined {
  const { tenant, integrationId } = scope;
  switch (path) {
    case 'id':
      return sql`SELECT ${value}`;
    case key.attribute:
      return sql`
        SELECT k.id
        FROM ${table} k
        WHERE k.tenant = ${tenant} AND ${sql.raw(`k.${key.column}`)} = ${value}
      `;
    case 'externalId':
      return sql`
        SELECT x.resource_id
        FROM external_ids x
        WHERE x.tenant = ${tenant}
          AND x.integration_id = ${integrationId}
          AND x.external_id = ${value}
      `;
    case 'members.value':
      return holdersOfMember(tenant, value);
    case 'groups.value':
      return usersBelow(tenant, value);
    default:
      if (!LOOKUP_PATHS.has(path)) return undefined;
      return sql`
        SELECT v.access_id
        FROM access_values v
        WHERE v.tenant = ${tenant} AND v.path = ${path} AND v.value = ${value}
      `;
  }
}
