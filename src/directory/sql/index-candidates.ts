/**
 * Finds candidates by an index: the ids that a look-up by equality selects, so that a filter is
 * checked on few resources.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { AttributeRef, Condition } from '../../scim/condition.ts';
import {
  type Expression,
  pathOf,
  type SearchDialect,
  type Searched,
  subPath,
} from './conditions.ts';
import { typeLine } from './lookup-values.ts';
import { named } from './names.ts';
import { holdersOfMember, userIdsBelow } from './relations.ts';
import { resourceNames, type SearchContext } from './resource-key.ts';
import { LiteralSlot, type Text } from './template.ts';

/**
 * Selects ids that include every resource that fulfils the condition. Returns undefined if no index
 * helps. For a condition between `[ ]`, `outer` is the attribute before the brackets.
 */
export function candidates(
  condition: Searched,
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
      const { operator, value } = condition;
      if (operator !== 'eq' || value === null) return undefined;
      return equal(comparedPath(condition.ref, outer), context.dialect.bind(value), context);
    }
    default:
      return undefined;
  }
}

/** The ids of candidates, each once, and what is left to be compared of them. */
interface Candidates {
  readonly ids: SQL;
  readonly rest: readonly Searched[];
}

/**
 * How a look-up begins with an index that leads to ids. Undefined if another index leads to the
 * rows, or none, or if several have to be combined.
 */
export function lookUpOf(condition: Searched, context: SearchContext): Candidates | undefined {
  const terms = termsOf(condition);
  if (terms.some((term) => isOfColumn(term, context))) return undefined;
  for (const term of terms) {
    const found = term.kind === 'any' ? elementIds(term, context) : ofFew(term, context);
    if (found === undefined) continue;
    return { ids: found.ids, rest: terms.filter((each) => each !== term || !found.isExact) };
  }
  return undefined;
}

/** Selects the ids of exactly the resources that fulfil the condition, if an index decides that. */
export function exactIds(condition: Searched, context: SearchContext): SQL | undefined {
  if (condition.kind === 'compare') return candidates(condition, context);
  const found = condition.kind === 'any' ? elementIds(condition, context) : undefined;
  return found?.isExact ? found.ids : undefined;
}

/** The externalId of every resource that fulfils the condition, if the condition names one. */
export function externalIdIn(condition: Searched, { dialect }: SearchContext): SQL | undefined {
  for (const term of termsOf(condition)) {
    if (term.kind !== 'compare' || term.operator !== 'eq' || term.value === null) continue;
    // Values are compared as they are.
    if (comparedPath(term.ref, undefined) === 'externalId') return dialect.bind(term.value);
  }
  return undefined;
}

const termsOf = (condition: Searched): readonly Searched[] =>
  condition.kind === 'and' ? condition.terms : [condition];

interface FoundIds {
  readonly ids: SQL;
  /** Whether they are those of the resources that fulfil the condition, and of no others. */
  readonly isExact: boolean;
}

function ofFew(term: Searched, context: SearchContext): FoundIds | undefined {
  const ids =
    term.kind === 'compare' && isLookUp(term, context) ? candidates(term, context) : undefined;
  return ids && { ids, isExact: true };
}

/** Of a condition between `[ ]`, an index decides one value, and with it the type of an e-mail. */
function elementIds(
  { ref, where }: Extract<Searched, { kind: 'any' }>,
  context: SearchContext,
): FoundIds | undefined {
  const terms = termsOf(where);
  const value = terms.find((each) => each.kind === 'compare' && isLookUp(each, context, ref));
  const ids = value && candidates(value, context, ref);
  if (ids === undefined) return undefined;
  const others = terms.filter((each) => each !== value);
  const ofTypes = others
    .map((each) => hasType(each, ref, context.dialect))
    .filter((each) => each !== undefined);
  return {
    ids: sql.join([ids, ...ofTypes], sql` AND `),
    // Of two types, different elements might have one each.
    isExact: others.length === 0 || (others.length === 1 && ofTypes.length === 1),
  };
}

/** Whether an entry of usersWithEmail is of an address of the type. Undefined if it can't tell. */
function hasType(condition: Searched, outer: AttributeRef, dialect: SearchDialect) {
  if (condition.kind !== 'compare' || condition.operator !== 'eq') return undefined;
  const { ref, value } = condition;
  if (value === null || comparedPath(ref, outer) !== EMAIL_TYPE) return undefined;
  const line = value instanceof LiteralSlot ? value.as('text', typeLine) : typeLine(value);
  return dialect.contains(named(dialect.tables.accessValues, 'v').types, dialect.bind(line));
}

/** Whether the rows themselves have an index of what is compared. */
function isOfColumn(term: Searched, { key }: SearchContext): boolean {
  if (term.kind !== 'compare' || term.operator !== 'eq' || term.value === null) return false;
  const path = comparedPath(term.ref, undefined);
  return path === 'id' || path === key;
}

/** Whether the candidates are certainly few, so that any condition on them is checked quickly. */
export function isLookUp(
  condition: Searched,
  context: SearchContext,
  outer?: AttributeRef,
): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.terms.some((term) => isLookUp(term, context, outer));
    case 'or':
      return condition.terms.every((term) => isLookUp(term, context, outer));
    case 'any':
      return isLookUp(condition.where, context, condition.ref);
    case 'compare': {
      if (condition.operator !== 'eq' || condition.value === null) return false;
      return isFew(comparedPath(condition.ref, outer), context);
    }
    default:
      return false;
  }
}

/** Whether the condition holds for one resource at most. Names of groups may be used twice. */
export function findsOne(condition: Condition, { name, key }: SearchContext): boolean {
  const isOfOne = (each: Condition): boolean => {
    if (each.kind === 'and') return each.terms.some(isOfOne);
    if (each.kind !== 'compare' || each.operator !== 'eq' || each.value === null) return false;
    const path = comparedPath(each.ref, undefined);
    return path === 'id' || (name === 'User' && path === key);
  };
  return isOfOne(condition);
}

const isFew = (path: string, { key }: SearchContext): boolean =>
  path === key || ONE_OR_FEW.has(path);

const EMAIL = 'emails.value';
const EMAIL_TYPE = 'emails.type';

/** Other than the group of a user, each of which selects few resources. */
const ONE_OR_FEW: ReadonlySet<string> = new Set(['id', 'externalId', 'members.value', EMAIL]);

/** Whether an index selects the resources that the condition holds for. */
export function isIndexed(
  condition: Condition,
  context: SearchContext,
  outer: AttributeRef | undefined,
): boolean {
  if (condition.kind !== 'compare' || condition.operator !== 'eq' || condition.value === null)
    return false;
  const path = comparedPath(condition.ref, outer);
  return isFew(path, context) || path === 'groups.value';
}

function comparedPath(ref: AttributeRef, outer: AttributeRef | undefined): string {
  const path =
    outer === undefined ? [...pathOf(ref), ...subPath(ref)] : [...pathOf(outer), ...pathOf(ref)];
  return path.join('.');
}

function found(
  terms: readonly Searched[],
  context: SearchContext,
  outer: AttributeRef | undefined,
): SQL[] {
  return terms.map((term) => candidates(term, context, outer)).filter((each) => each !== undefined);
}

function equal(path: string, value: SQL, context: SearchContext): SQL | undefined {
  const { tables } = context.dialect;
  // Many resources may share a value, and one that reads them all must be stopped.
  const { unended } = context.dialect;
  const andUnended = unended === undefined ? sql`` : sql`AND ${unended}`;
  const { tenant, integrationId } = context.scope;
  switch (path) {
    case 'id':
      return sql`SELECT ${value}`;
    case context.key: {
      const k = resourceNames(tables, context.name, 'k');
      return sql`
        SELECT ${k.id}
        FROM ${k.table}
        WHERE ${k.tenant} = ${tenant} AND ${k.key} = ${value}
      `;
    }
    case 'externalId': {
      const x = named(tables.externalIds, 'x');
      return sql`
        SELECT ${x.resourceId} AS id
        FROM ${x.table}
        WHERE ${x.tenant} = ${tenant}
          AND ${x.integrationId} = ${integrationId}
          AND ${x.externalId} = ${value}
          ${andUnended}
      `;
    }
    case 'members.value':
      return sql`
        ${holdersOfMember(tables, tenant, value)} ${andUnended}
      `;
    case 'groups.value':
      return userIdsBelow(context.dialect, tenant, value);
    case EMAIL:
      return sql`
        ${usersWithEmail(context.dialect, tenant, value)} ${andUnended}
      `;
    default:
      return undefined;
  }
}

/** Selects the ids of the users who have the e-mail address. */
export function usersWithEmail({ tables }: SearchDialect, tenant: Text, value: Expression): SQL {
  const v = named(tables.accessValues, 'v');
  return sql`
    SELECT ${v.accessId} AS id
    FROM ${v.table}
    WHERE ${v.tenant} = ${tenant} AND ${v.value} = ${value} AND ${v.types} <> ''
  `;
}
