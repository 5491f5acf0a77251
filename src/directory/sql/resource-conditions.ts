/**
 * Conditions on attributes of users and groups that are columns or rows of other tables instead of
 * parts of the search document, and look-ups that have an index.
 */

import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import { refText } from '../../scim/attribute-path.ts';
import type { AttributeRef, SortKey } from '../../scim/condition.ts';
import { invalidFilter, invalidPath } from '../../scim/error.ts';
import { MAX_TERMS_ON_GROUPS } from '../../scim/limits.ts';
import { matches } from '../../scim/match.ts';
import {
  type Compile,
  compareAny,
  compareScalar,
  type Expression,
  FALSE,
  type Holder,
  type LeafCondition,
  type Operand,
  pathOf,
  type SearchDialect,
  scalarType,
  subPath,
  TRUE,
} from './conditions.ts';
import { candidates, exactIds } from './index-candidates.ts';
import { named } from './names.ts';
import { groupsOfUser, membersOf, type Relation } from './relations.ts';
import type { SearchContext } from './resource-key.ts';
import { withLiterals } from './search/shape.ts';
import { LiteralSlot } from './template.ts';

export function resourceHolder(context: SearchContext): Holder {
  let ofGroups = 0;
  return {
    json: context.r.document,
    special: (condition, compile) => {
      if (condition.ref.attribute.name === 'groups' && ++ofGroups > MAX_TERMS_ON_GROUPS) {
        throw invalidFilter(`groups are compared more than ${MAX_TERMS_ON_GROUPS} times`);
      }
      return special(condition, context, compile);
    },
    narrow: (condition) => {
      // What decides a condition need not be checked twice.
      const ids = exactIds(condition, context) ? undefined : candidates(condition, context);
      return ids && context.dialect.among(context.r.id, ids);
    },
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
  const ids = exactIds(condition, context);
  if (ids !== undefined) return context.dialect.among(context.r.id, ids);
  switch (ref.attribute.name) {
    case 'externalId':
      return onColumn(condition, externalIdOf(context), context.dialect);
    case 'meta':
      return condition.kind === 'any'
        ? compile(condition.where, metaHolder(condition.ref, context))
        : onMeta(condition, context);
    case 'schemas':
      return onSchemas(condition, context);
    case 'members':
      return onRelation(
        condition,
        membersOf(context.dialect.tables, context.scope.tenant, context.r.id),
        context,
        compile,
      );
    case 'groups':
      return onRelation(
        condition,
        groupsOfUser(context.dialect, context.scope.tenant, context.r.id),
        context,
        compile,
      );
    default:
      return undefined;
  }
}

function columnOf({ ref }: LeafCondition, { key, r }: SearchContext): StringChunk | undefined {
  if (ref.attribute.name === 'id') return r.id;
  return ref.attribute.name === key ? r.key : undefined;
}

function onColumn(condition: LeafCondition, column: Expression, dialect: SearchDialect): SQL {
  if (condition.kind === 'any') throw noElements(condition);
  if (condition.kind === 'present') return sql`(${column} IS NOT NULL AND ${column} <> '')`;
  const { operator, value } = condition;
  // Plain equality can use the column's index.
  if (operator === 'eq' && value !== null) return sql`${column} = ${dialect.bind(value)}`;
  return compareScalar(dialect, column, operator, value);
}

const noElements = (condition: LeafCondition) =>
  invalidFilter(`${refText(condition.ref)} can't be filtered with [ ]`);

/** The externalId that the calling integration gave the resource. */
export function externalIdOf({ dialect, scope, r }: SearchContext): SQL {
  const x = named(dialect.tables.externalIds, 'x');
  return sql`
    (
      SELECT ${x.externalId}
      FROM ${x.table}
      WHERE ${x.tenant} = ${scope.tenant}
        AND ${x.resourceId} = ${r.id}
        AND ${x.integrationId} = ${scope.integrationId}
    )
  `;
}

function onMeta(condition: LeafCondition, { dialect, type, r }: SearchContext): SQL {
  if (condition.kind === 'any') throw noElements(condition);
  if (condition.kind === 'present') return TRUE;
  const { operator, value } = condition;
  switch (condition.ref.sub?.name) {
    case 'created':
      return compareScalar(dialect, r.created, operator, milliseconds(value));
    case 'lastModified':
      return compareScalar(dialect, r.lastModified, operator, milliseconds(value));
    case 'version':
      return compareScalar(dialect, sql`('W/"' || ${r.version} || '"')`, operator, value);
    case 'resourceType':
      return matches(withLiterals(condition), { meta: { resourceType: type.name } }) ? TRUE : FALSE;
    default:
      throw invalidFilter("meta.location can't be filtered; filter by id");
  }
}

/** Evaluates the condition between the brackets of `meta[…]` on the resource. */
function metaHolder({ attribute }: AttributeRef, context: SearchContext): Holder {
  return {
    json: context.r.document,
    special: (inner) =>
      onMeta({ ...inner, ref: { ...inner.ref, attribute, sub: inner.ref.attribute } }, context),
  };
}

function milliseconds(value: Operand | null): Operand | null {
  if (value === null) return null;
  const convert = (text: unknown) => Date.parse(String(text));
  return value instanceof LiteralSlot ? value.as('number', convert) : convert(value);
}

/** A resource has its core schema and those extensions that it has values of. */
function onSchemas(condition: LeafCondition, { dialect, type, r }: SearchContext): SQL {
  if (condition.kind === 'present') return TRUE;
  if (condition.kind === 'compare' && condition.value === null)
    return condition.operator === 'ne' ? TRUE : FALSE;
  const known = withLiterals(condition);
  const holds = (urn: string) => matches(known, { schemas: [urn] });
  if (holds(type.schema.id)) return TRUE;
  const carried = type.extensions
    .filter(({ schema }) => holds(schema.id))
    .map(({ schema }) => sql`${dialect.json(r.document, [schema.id])} IS NOT NULL`);
  return carried.length === 0 ? FALSE : sql`(${sql.join(carried, sql` OR `)})`;
}

/** A multi-valued attribute whose elements are rows of another table. */
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
  const { operator, value } = condition;
  return compareAny(dialect, sql`${relation.rows} m`, column, operator, value);
}

/** A row `m` of the relation, as the element that a condition between `[ ]` is evaluated on. */
export function rowHolder(relation: Relation, dialect: SearchDialect): Holder {
  return {
    // Never read: every attribute of a row is a column.
    json: TRUE,
    special: (inner) =>
      onColumn(inner, sql.raw(`m.${relation.column(inner.ref.attribute.name)}`), dialect),
  };
}

/** What a list is sorted by. Throws invalidPath for an attribute that has no order. */
export function sortExpression({ ref }: SortKey, context: SearchContext): Expression {
  const { r } = context;
  const { attribute, sub } = ref;
  if (ref.extension === undefined) {
    if (attribute.name === 'id') return r.id;
    if (attribute.name === context.key) return r.key;
    if (attribute.name === 'externalId') return externalIdOf(context);
    if (attribute.name === 'meta') return metaColumn(sub?.name, context);
    if (['members', 'groups', 'schemas'].includes(attribute.name)) {
      throw invalidPath(`sortBy: resources can't be sorted by ${refText(ref)}`);
    }
  }
  const first = attribute.multiValued ? [0] : [];
  return context.dialect.scalar(
    context.r.document,
    [...pathOf(ref), ...first, ...subPath(ref)],
    scalarType(ref),
  );
}

/** Whether every resource has a value of the attribute that the list is sorted by. */
export function isAlwaysThere({ ref }: SortKey, { key }: SearchContext): boolean {
  return ref.extension === undefined && ['id', 'meta', key].includes(ref.attribute.name);
}

function metaColumn(sub: string | undefined, { r }: SearchContext): StringChunk {
  if (sub === 'created' || sub === undefined) return r.created;
  if (sub === 'lastModified') return r.lastModified;
  return sub === 'version' ? r.version : r.id;
}
