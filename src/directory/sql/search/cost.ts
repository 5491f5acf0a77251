/**
 * Estimates what a search costs before it is run: the resources of the tenant, times the
 * comparisons for each. A comparison of a simple attribute counts as one, which is about a tenth of
 * a microsecond.
 */
import type { AttributeRef, Condition } from '../../../scim/condition.ts';
import { tooMany } from '../../../scim/error.ts';
import { MAX_SEARCH_WORK, SEARCH_WEIGHTS } from '../../../scim/limits.ts';
import type { Query } from '../../store/resources.ts';
import { isIndexed } from '../index-candidates.ts';
import type { SearchContext } from '../resource-key.ts';

const { resource: RESOURCE, multiValued: MULTI_VALUED, relation: RELATION } = SEARCH_WEIGHTS;

/** Their elements are rows of other tables. */
const RELATIONS: ReadonlySet<string> = new Set(['groups', 'members']);

/** A search of less work is not worth another thread or transaction. It takes a few milliseconds. */
const LITTLE_WORK = 20_000;

/** What a list of the shape compares for each resource of the tenant. */
export function weightOf({ filter, sort }: Query, context: SearchContext): number {
  if (filter === undefined && sort === undefined) return 1;
  const compared = filter === undefined ? 0 : weightOfCondition(filter, context);
  return RESOURCE + compared + (sort === undefined ? 0 : weightOfAttribute(sort.ref));
}

function weightOfCondition(
  condition: Condition,
  context: SearchContext,
  outer?: AttributeRef,
): number {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.reduce(
        (sum, term) => sum + weightOfCondition(term, context, outer),
        0,
      );
    case 'not':
      return weightOfCondition(condition.term, context, outer);
    case 'constant':
      return 0;
    case 'any':
      return (
        weightOfAttribute(condition.ref) +
        weightOfCondition(condition.where, context, condition.ref)
      );
    default:
      // What an index selects is selected once, and not for each resource.
      return isIndexed(condition, context, outer) ? 1 : weightOfAttribute(condition.ref);
  }
}

function weightOfAttribute({ extension, attribute }: AttributeRef): number {
  if (extension === undefined && RELATIONS.has(attribute.name)) return RELATION;
  return attribute.multiValued ? MULTI_VALUED : 1;
}

export function comparesMembers(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.some(comparesMembers);
    case 'not':
      return comparesMembers(condition.term);
    case 'constant':
      return false;
    default:
      return condition.ref.extension === undefined && condition.ref.attribute.name === 'members';
  }
}

export const isLittle = (work: number): boolean => work <= LITTLE_WORK;

/** Throws tooMany for a search that is too much even if nothing else is going on. */
export function checkWork(work: number): void {
  if (work <= MAX_SEARCH_WORK) return;
  throw tooMany(
    `the search would take ${work.toLocaleString('en-US')} comparisons, and the limit is ` +
      `${MAX_SEARCH_WORK.toLocaleString('en-US')}; use fewer, or combine them by and with an ` +
      'attribute that is looked up by eq, such as userName or externalId',
  );
}
