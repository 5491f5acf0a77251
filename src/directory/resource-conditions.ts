/** What of users and groups is not in the search document but in columns and other tables, and the look-ups that have an index. */
import { type SQL, sql } from 'drizzle-orm';
import type { Comparable, Condition, SortKey } from '../scim/condition.ts';
import { invalidFilter, invalidPath } from '../scim/error.ts';
import { matches } from '../scim/match.ts';
import { refText } from '../scim/resolve.ts';
import type { ResourceType } from '../scim/schema.ts';
import {
  type Compile,
  compareAny,
  compareScalar,
  FALSE,
  type Holder,
  type LeafCondition,
  pathOf,
  type SearchDialect,
  subPath,
  TRUE,
} from './condition-sql.ts';
import { groupsOf, membersOf, type Relation, usersBelow } from './relations-sql.ts';
import { LOOKUP_PATHS } from './search-document.ts';
import type { Scope } from './store.ts';

/** Of the query `… FROM access|groups r JOIN search_documents d …`. */
const DOCUMENT = sql.raw('d.document');
const ID = sql.raw('r.id');

export interface SearchContext {
  readonly dialect: SearchDialect;
  readonly scope: Scope;
  readonly type: ResourceType;
  /** The column that holds the folded userName or displayName, and the attribute. */
  readonly key: { readonly attribute: string; readonly column: SQL };
}

export function resourceHolder(context: SearchContext): Holder {
  return {
    json: DOCUMENT,
    special: (condition, compile) => special(condition, context, compile),
  };
}

function special(
  condition: LeafCondition,
  context: SearchContext,
  compile: Compile,
): SQL | undefined {
  const { ref } = condition;
  if (ref.extension !== undefined) return undefined;
  const column = columnOf(condition, context);
  if (column !== undefined) return onColumn(condition, column, context.dialect);
  switch (ref.attribute.name) {
    case 'externalId':
      return onExternalId(condition, context);
    case 'meta':
      return onMeta(condition, context);
    case 'schemas':
      return onSchemas(condition, context);
    case 'members':
      return onRelation(condition, membersOf(context.scope.tenant), context, compile);
    case 'groups':
      return onGroups(condition, context, compile);
    default:
      return lookup(condition, context, compile);
  }
}

function columnOf({ ref }: LeafCondition, { key }: SearchContext): SQL | undefined {
  if (ref.attribute.name === 'id') return ID;
  return ref.attribute.name === key.attribute ? key.column : undefined;
}

function onColumn(condition: LeafCondition, column: SQL, dialect: SearchDialect): SQL {
  if (condition.kind === 'any') throw noElements(condition);
  if (condition.kind === 'present') return sql`(${column} IS NOT NULL AND ${column} <> '')`;
  const { operator, value } = condition;
  // Plain equality can use the column's index.
  if (operator === 'eq' && value !== null) return sql`${column} = ${dialect.bind(value)}`;
  return compareScalar(dialect, column, operator, value);
}

const noElements = (condition: LeafCondition) =>
  invalidFilter(`${refText(condition.ref)} can't be filtered with [ ]`);

function externalIdOf({ scope }: SearchContext): SQL {
  return sql`(SELECT x.external_id FROM external_ids x WHERE x.tenant = ${scope.tenant} AND x.resource_id = r.id AND x.integration_id = ${scope.integrationId})`;
}

function onExternalId(condition: LeafCondition, context: SearchContext): SQL {
  const { scope, dialect } = context;
  if (condition.kind === 'compare' && condition.operator === 'eq' && condition.value !== null) {
    return sql`${ID} IN (SELECT x.resource_id FROM external_ids x WHERE x.tenant = ${scope.tenant} AND x.integration_id = ${scope.integrationId} AND x.external_id = ${dialect.bind(condition.value)})`;
  }
  return onColumn(condition, externalIdOf(context), dialect);
}

function onMeta(condition: LeafCondition, { dialect, type }: SearchContext): SQL {
  if (condition.kind === 'any') throw noElements(condition);
  if (condition.kind === 'present') return TRUE;
  const { operator, value } = condition;
  switch (condition.ref.sub?.name) {
    case 'created':
      return compareScalar(dialect, sql.raw('r.created'), operator, milliseconds(value));
    case 'lastModified':
      return compareScalar(dialect, sql.raw('r.last_modified'), operator, milliseconds(value));
    case 'version':
      return compareScalar(dialect, sql.raw(`('W/"' || r.version || '"')`), operator, value);
    case 'resourceType':
      return matches(condition, { meta: { resourceType: type.name } }) ? TRUE : FALSE;
    default:
      throw invalidFilter("meta.location can't be filtered; filter by id");
  }
}

function milliseconds(value: Comparable | null): number | null {
  return value === null ? null : Date.parse(String(value));
}

/** A resource has its core schema and the extensions it carries values of. */
function onSchemas(condition: LeafCondition, { dialect, type }: SearchContext): SQL {
  if (condition.kind === 'any') throw noElements(condition);
  if (condition.kind === 'present') return TRUE;
  if (condition.value === null) return condition.operator === 'ne' ? TRUE : FALSE;
  const holds = (urn: string) => matches(condition, { schemas: [urn] });
  if (holds(type.schema.id)) return TRUE;
  const carried = type.extensions
    .filter(({ schema }) => holds(schema.id))
    .map(({ schema }) => dialect.present(DOCUMENT, [schema.id]));
  return carried.length === 0 ? FALSE : sql`(${sql.join(carried, sql` OR `)})`;
}

/** A multi-valued attribute that is rows of another table. */
function onRelation(
  condition: LeafCondition,
  relation: Relation,
  context: SearchContext,
  compile: Compile,
): SQL {
  const { dialect } = context;
  if (condition.kind === 'any') {
    const row = rowHolder(relation, dialect);
    return sql`EXISTS (SELECT 1 FROM ${relation.rows} m WHERE ${compile(condition.where, row)})`;
  }
  const column = sql.raw(`m.${relation.column(condition.ref.sub?.name ?? 'value')}`);
  if (condition.kind === 'present') {
    return sql`EXISTS (SELECT 1 FROM ${relation.rows} m WHERE ${column} <> '')`;
  }
  const { operator, value, ref } = condition;
  if (operator === 'eq' && value !== null && ref.sub?.name === 'value') {
    return sql`${ID} IN ${relation.holdersOf(String(value))}`;
  }
  return compareAny(dialect, sql`${relation.rows} m`, column, operator, value);
}

/** A row `m` of the relation, as the element that a condition between `[ ]` is asked of. */
export function rowHolder(relation: Relation, dialect: SearchDialect): Holder {
  return {
    json: DOCUMENT,
    special: (inner) =>
      onColumn(inner, sql.raw(`m.${relation.column(inner.ref.attribute.name)}`), dialect),
  };
}

function onGroups(condition: LeafCondition, context: SearchContext, compile: Compile): SQL {
  const { tenant } = context.scope;
  return onRelation(
    condition,
    { ...groupsOf(tenant), holdersOf: (groupId) => usersBelow(tenant, groupId) },
    context,
    compile,
  );
}

/** `emails.value eq "x"`, alone or among the terms of `emails[…]`: the index finds few candidates, the rest is checked on them. */
function lookup(
  condition: LeafCondition,
  context: SearchContext,
  compile: Compile,
): SQL | undefined {
  const { tenant } = context.scope;
  const found = (path: string, value: Comparable) =>
    sql`${ID} IN (SELECT v.access_id FROM access_values v WHERE v.tenant = ${tenant} AND v.path = ${path} AND v.value = ${String(value)})`;
  if (condition.kind === 'compare') {
    const path = [...pathOf(condition.ref), ...subPath(condition.ref)].join('.');
    const indexed =
      condition.operator === 'eq' && condition.value !== null && LOOKUP_PATHS.has(path);
    return indexed && condition.value !== null ? found(path, condition.value) : undefined;
  }
  if (condition.kind !== 'any') return undefined;
  const terms = condition.where.kind === 'and' ? condition.where.terms : [condition.where];
  for (const term of terms.flatMap(flattenAnd)) {
    if (term.kind !== 'compare' || term.operator !== 'eq' || term.value === null) continue;
    const path = `${condition.ref.attribute.name}.${term.ref.attribute.name}`;
    if (!LOOKUP_PATHS.has(path)) continue;
    const rest = compile(condition, { json: DOCUMENT });
    return sql`(${found(path, term.value)} AND ${rest})`;
  }
  return undefined;
}

function flattenAnd(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.terms.flatMap(flattenAnd) : [condition];
}

/** What a list is sorted by; throws invalidPath for what has no order. */
export function sortExpression({ ref }: SortKey, context: SearchContext): SQL {
  const { attribute, sub } = ref;
  if (ref.extension === undefined) {
    if (attribute.name === 'id') return ID;
    if (attribute.name === context.key.attribute) return context.key.column;
    if (attribute.name === 'externalId') return externalIdOf(context);
    if (attribute.name === 'meta') return metaColumn(sub?.name);
    if (['members', 'groups', 'schemas'].includes(attribute.name)) {
      throw invalidPath(`sortBy: resources can't be sorted by ${refText(ref)}`);
    }
  }
  const first = attribute.multiValued ? [0] : [];
  return context.dialect.scalar(DOCUMENT, [...pathOf(ref), ...first, ...subPath(ref)], undefined);
}

function metaColumn(sub: string | undefined): SQL {
  if (sub === 'created' || sub === undefined) return sql.raw('r.created');
  if (sub === 'lastModified') return sql.raw('r.last_modified');
  return sub === 'version' ? sql.raw('r.version') : ID;
}
