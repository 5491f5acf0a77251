/**
 * Lists of resources, of one or several types, in pages by index (RFC 7644 §3.4.2.4) or by cursor
 * (RFC 9865).
 */
import type { PageKey, PageStart, StoredResource } from '../../directory/store/resources.ts';
import { andThen, type Eventual } from '../../eventual.ts';
import { ScimError } from '../../scim/error.ts';
import { parseProjection, wants } from '../../scim/projection.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer, Body } from '../answer.ts';
import type { ScimCall } from '../endpoint.ts';
import type { CursorPlace, Cursors } from './cursor.ts';
import { conditionOf, listAnswer, type Search, sortOf } from './query.ts';
import { expectRelated, type ResourceKind } from './resource-kind.ts';

interface ListPage {
  readonly total: number;
  readonly resources: readonly Body[];
  readonly next: PageKey | undefined;
  /** Whether there is room for more resources but the next one is not on the page. */
  readonly isCut: boolean | undefined;
}

/** The resources of one type that a search finds. */
interface List {
  readonly type: ResourceType;
  page(start: PageStart, limit: number): Eventual<ListPage>;
}

/**
 * `searched` lists the types of the whole search. An attribute that only another of them has
 * matches nothing.
 */
export function listOf<R extends StoredResource>(
  kind: ResourceKind<R>,
  search: Search,
  call: ScimCall,
  searched: readonly ResourceType[],
): List {
  const { type } = kind.resources;
  const { caller } = call;
  const projection = parseProjection(search.attributes, search.excludedAttributes, type);
  const filter = conditionOf(search, type, searched, caller.baseUrl);
  const sort = sortIn(search, type, searched);
  expectRelated(call, kind, projection);
  const related = wants(projection, kind.related);
  const query = {
    ...(filter === undefined ? {} : { filter }),
    ...(sort === undefined ? {} : { sort }),
    related,
  };
  return {
    type,
    page: (start, limit) => {
      const found = kind.resources.list(caller, { ...query, start, limit });
      return andThen(found, ({ total, records, next, isCut }) => {
        const { baseUrl } = caller;
        const resources = records.map((each) => kind.represent(each, projection, baseUrl).body);
        return { total, resources, next, isCut };
      });
    },
  };
}

/** A type without the attribute is not sorted. If no type has it, the request is refused. */
function sortIn(search: Search, type: ResourceType, searched: readonly ResourceType[]) {
  try {
    return sortOf(search, type);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    const others = searched.filter((each) => each !== type);
    if (!others.some((other) => isSortable(search, other))) throw error;
    return undefined;
  }
}

function isSortable(search: Search, type: ResourceType): boolean {
  try {
    sortOf(search, type);
    return true;
  } catch (error) {
    if (error instanceof ScimError) return false;
    throw error;
  }
}

/**
 * The lists follow each other, and each is sorted separately: no order is defined between unlike
 * resources.
 */
export function answerLists(
  lists: readonly List[],
  search: Search,
  { caller }: ScimCall,
  cursors: Cursors,
): Eventual<Answer> {
  const { cursor, filter, sortBy, sortOrder } = search;
  if (cursor === undefined) return answerByIndex(lists, search);
  const { tenant, integrationId } = caller.scope;
  const types = lists.map(({ type }) => type.name).join();
  const binding = [tenant, integrationId, types, filter, sortBy, sortOrder];
  const place = cursor === '' ? undefined : cursors.read(cursor, binding);
  return answerByCursor(lists, place, search.count, (next) => cursors.issue(next, binding));
}

function answerByIndex(lists: readonly List[], { startIndex, count }: Search): Eventual<Answer> {
  const resources: Body[] = [];
  let total = 0;
  let isCut = false;
  const answerFrom = (index: number): Eventual<Answer> => {
    const list = lists[index];
    if (list === undefined) return listAnswer(total, { startIndex }, resources);
    const offset = Math.max(0, startIndex - 1 - total);
    const room = isCut ? 0 : count - resources.length;
    return andThen(list.page({ offset }, room), (page) => {
      isCut ||= page.isCut === true;
      resources.push(...page.resources);
      total += page.total;
      return answerFrom(index + 1);
    });
  };
  return answerFrom(0);
}

function answerByCursor(
  lists: readonly List[],
  place: CursorPlace | undefined,
  count: number,
  issue: (next: CursorPlace) => string,
): Eventual<Answer> {
  const resources: Body[] = [];
  const first = Math.max(
    0,
    lists.findIndex(({ type }) => type.name === place?.type),
  );
  let next: CursorPlace | undefined;
  let total = 0;
  const answerFrom = (index: number): Eventual<Answer> => {
    const list = lists[index];
    if (list === undefined) {
      return listAnswer(total, next === undefined ? {} : { nextCursor: issue(next) }, resources);
    }
    const after = index === first ? place?.key : undefined;
    const isFull = index < first || next !== undefined;
    const room = isFull ? 0 : count - resources.length;
    return andThen(list.page({ after }, room), (page) => {
      resources.push(...page.resources);
      total += page.total;
      const type = list.type.name;
      if (!isFull && count > 0) {
        if (page.next !== undefined) next = { type, key: page.next };
        else if (room === 0 && page.total > 0) next = { type, key: undefined };
      }
      return answerFrom(index + 1);
    });
  };
  return answerFrom(0);
}
