/**
 * Reads of users and groups, the same for both databases: a read asks for the rows of one statement
 * after the other.
 */
import { andThen, type Eventual, eventual } from '../../../eventual.ts';
import { tooManyMembers } from '../../../scim/error.ts';
import { MAX_LISTED_MEMBERS, MAX_PAGE_BYTES } from '../../../scim/limits.ts';
import type { Page, Query, Scope, StoredResource, WaitingClient } from '../../store/resources.ts';
import { type PageRow, pageOf, type ResourceRow, resourceOf } from '../lists.ts';
import type { Related } from '../related/related.ts';
import type { Template } from '../template.ts';
import { withExternalIds } from './external-ids.ts';
import { completeRows } from './large-rows.ts';
import type { ListInput } from './list-plan.ts';
import type { PlannedList } from './list-plans.ts';
import { PageEnds } from './page-ends.ts';
import { relatedToOne, relatedToRange } from './related-steps.ts';
import type { ResourceStatements } from './resource-statements.ts';
import { ask, type Steps } from './steps.ts';

interface Reading<T> {
  readonly integrationId: string;
  /** A read that may be long isn't begun for a client that has gone. */
  readonly client?: WaitingClient | undefined;
  /**
   * Undefined if every statement takes about a millisecond whatever the size of the directory,
   * because an index leads to few rows. If not, one may read everything that the tenant has.
   */
  readonly search?: Search<T>;
  /**
   * Whether many rows are read by many statements, which must see one state, because the rows of one
   * go on with another's.
   */
  readonly isLarge?: boolean;
  /** Whether a statement that reads many rows at once is to fail with ManyRowsError. */
  readonly isBounded?: boolean;
  readonly steps: Steps<T>;
}

/** What a read that may be long is about to do. */
interface Search<T> {
  /** Counts the resources of the tenant. */
  readonly resources: Steps<number>;
  /** What it compares for each of them; see weightOf. */
  readonly weight: number;
  /** The steps if it is run apart from other reads, where more rows may be read at once. */
  readonly steps: Steps<T>;
}

/** An index led to many rows. Only a database that holds up everything else meanwhile says so. */
export class ManyRowsError extends Error {}

/** Runs the statements of a read. Rejects with 503 if the database fails. */
export type Reader = <T>(reading: Reading<T>) => Eventual<T>;

/** Members that are read with their group, and those in each further statement if it has more. */
const FEW_MEMBERS = 1_000;
const MORE_MEMBERS = 5_000;

/** What is read of a page: members of its groups, and bytes if some of its rows are large. */
interface PageBounds {
  readonly members: number;
  readonly bytes: number;
}

/** What is read at once, and in a turn of its own on one state of the database. */
const FEW: PageBounds = { members: 10_000, bytes: 1024 * 1024 };
const MANY: PageBounds = { members: MAX_LISTED_MEMBERS, bytes: MAX_PAGE_BYTES };

/** Resources that an index entry each is read of to get to a page by index. */
const FEW_SKIPPED = 20_000;

export function readsOf<Found, R extends StoredResource>(
  statements: ResourceStatements<Found>,
  { attach, ofSlice }: Related<Found, R>,
  read: Reader,
) {
  const { get, lists, large, externalIds, related, memberSlice, memberCount } = statements;
  const ends = statements.version && new PageEnds(statements.version);

  function* withRelated(
    { tenant }: Scope,
    rows: readonly ResourceRow[],
    records: readonly StoredResource[],
    isRange = false,
  ): Steps<R[]> {
    if (rows.every(({ memberships }) => memberships === 0)) return attach(records, []);
    const ids = rows.filter(({ memberships }) => memberships !== 0).map(({ id }) => id);
    const [id = ''] = ids;
    const read = rows.map(({ related }) => related).filter((json) => typeof json === 'string');
    if (read.length > 0)
      return attach(
        records,
        read.flatMap((json) => JSON.parse(json) as Found[]),
      );
    if (ids.length === 1) {
      return attach(records, yield* relatedToOne(statements, { tenant, id }));
    }
    const found = isRange ? yield* relatedToRange(statements, tenant, ids) : undefined;
    return attach(records, found ?? (yield* ask(related, { tenant, ids })));
  }

  function* one(scope: Scope, id: string, wanted: boolean): Steps<R | StoredResource | undefined> {
    const rows = yield* ask(get, { ...scope, id, related: wanted });
    const records = rows.map(resourceOf);
    return (wanted ? yield* withRelated(scope, rows, records) : records)[0];
  }

  /** Returns undefined instead of a resource with more than few members, unless all are wanted. */
  function* withMembers(
    scope: Scope,
    id: string,
    rowOf: (id: string, members: string) => Found,
    all: boolean,
  ): Steps<{ readonly found: R | undefined } | undefined> {
    const [row] = yield* ask(get, { ...scope, id, related: false });
    if (row === undefined) return { found: undefined };
    const limit = all ? MORE_MEMBERS : FEW_MEMBERS;
    const found: Found[] = [];
    for (let after = ''; ; ) {
      const [slice] = yield* ask(memberSlice, { tenant: scope.tenant, id, after, limit });
      if (slice?.members == null || slice.last === null) break;
      found.push(rowOf(id, slice.members));
      if (Number(slice.count) < limit) break;
      if (!all) return undefined;
      after = slice.last;
    }
    return { found: attach([resourceOf(row)], found)[0] };
  }

  const readOne = async (
    scope: Scope,
    id: string,
    rowOf: (id: string, members: string) => Found,
  ): Promise<R | undefined> => {
    const { integrationId, client } = scope;
    const few = { integrationId, steps: withMembers(scope, id, rowOf, false) };
    const steps = withMembers(scope, id, rowOf, true);
    const many = { integrationId, client, isLarge: true, steps };
    return ((await read(few)) ?? (await read(many)))?.found;
  };

  function* hasMoreMembers(
    { tenant }: Scope,
    records: readonly StoredResource[],
    most: number,
  ): Steps<boolean> {
    if (ofSlice === undefined) return false;
    const ids = records.map(({ id }) => id);
    const [members] = yield* ask(memberCount, { tenant, ids, limit: most + 1 });
    return Number(members?.total) > most;
  }

  /** Returns the bounds if the page is beyond them, unless it can be cut. */
  function* pageOfRows(
    scope: Scope,
    query: Query,
    rows: readonly PageRow[],
    total: number,
    bounds: PageBounds,
  ): Steps<Page<R | StoredResource> | PageBounds> {
    const hasMore = rows.length > query.limit;
    const asked = hasMore ? rows.slice(0, query.limit) : rows;
    const complete = yield* completeRows(large, scope, asked, bounds.bytes);
    const isCut = complete !== undefined && complete.length < asked.length;
    if (complete === undefined || (isCut && bounds === FEW)) return bounds;
    const isRange = query.filter === undefined && query.sort === undefined;
    const shown =
      isRange && externalIds !== undefined
        ? yield* withExternalIds(externalIds, scope, complete)
        : complete;
    const found = pageOf(shown, query, total, { isCut, hasMore });
    if (!query.related) return found;
    if (yield* hasMoreMembers(scope, found.records, bounds.members)) return bounds;
    return { ...found, records: yield* withRelated(scope, shown, found.records, isRange) };
  }

  function* page(
    scope: Scope,
    query: Query,
    { plan, input }: PlannedList,
    bounds: PageBounds,
  ): Steps<Page<R | StoredResource> | PageBounds> {
    const { start, limit } = query;
    const skipped = 'offset' in start ? start.offset : 0;
    // A plain list has its total from a counter.
    const isTotalFirst = limit === 0 || (plan.isPlain && skipped > 0);
    const known = isTotalFirst ? yield* totalOf(plan.total, input) : undefined;
    if (limit === 0 || (known !== undefined && skipped >= known)) {
      return { total: known ?? 0, records: [] };
    }
    const isNearEnd = known !== undefined && skipped * 2 >= known;
    const rows = yield* ask(isNearEnd ? plan.pageFromEnd : plan.page, input);
    const total = known ?? totalIn(rows, query) ?? (yield* totalOf(plan.total, input));
    return yield* pageOfRows(scope, query, rows, total, bounds);
  }

  /** Returns the bounds instead of a page that is beyond them. */
  function few(
    scope: Scope,
    query: Query,
    list: PlannedList,
  ): Eventual<Page<R | StoredResource> | PageBounds> {
    const { start } = query;
    const { plan, input } = list;
    const { integrationId, client } = scope;
    const searched = () => {
      const search = {
        weight: plan.weight,
        resources: totalOf(plan.resources, input),
        steps: page(scope, query, list, MANY),
      };
      return read({ integrationId, client, search, steps: page(scope, query, list, FEW) });
    };
    if (!plan.isQuick || ('offset' in start && start.offset > FEW_SKIPPED)) return searched();
    const steps = page(scope, query, list, FEW);
    const found = read({ integrationId, isBounded: true, steps });
    if (!(found instanceof Promise)) return found;
    return found.catch((error: unknown) => {
      if (error instanceof ManyRowsError) return searched();
      throw error;
    });
  }

  /** The page that begins behind the id, which is the last one before the query's offset. */
  function* pageBehind(
    scope: Scope,
    query: Query,
    id: string,
  ): Steps<Page<R | StoredResource> | PageBounds> {
    const { plan, input } = lists.of(scope, { ...query, start: { after: { id } } });
    const rows = yield* ask(plan.page, { ...input, limit: query.limit });
    const total = yield* totalOf(plan.total, input);
    return yield* pageOfRows(scope, query, rows, total, FEW);
  }

  async function many(
    scope: Scope,
    query: Query,
    list: PlannedList,
  ): Promise<Page<R | StoredResource>> {
    const { integrationId, client } = scope;
    const steps = page(scope, query, list, MANY);
    const found = await read({ integrationId, client, isLarge: true, steps });
    if ('records' in found) return found;
    throw tooManyMembers(MAX_LISTED_MEMBERS);
  }

  return {
    get: (scope: Scope, id: string, wanted: boolean): Eventual<R | StoredResource | undefined> =>
      wanted && ofSlice !== undefined
        ? readOne(scope, id, ofSlice)
        : read({ integrationId: scope.integrationId, steps: one(scope, id, wanted) }),
    list: (scope: Scope, query: Query): Eventual<Page<R | StoredResource>> =>
      eventual(() => {
        const list = lists.of(scope, query);
        const { start } = query;
        const whole = (page: Eventual<Page<R | StoredResource> | PageBounds>) =>
          andThen(page, (found) => {
            if ('records' in found) return found;
            if (found === MANY) throw tooManyMembers(MAX_LISTED_MEMBERS);
            return many(scope, query, list);
          });
        if (ends === undefined || !list.plan.isPlain || !('offset' in start) || query.limit === 0)
          return whole(few(scope, query, list));
        const { tenant, integrationId } = scope;
        return ends.follow(
          { tenant, offset: start.offset },
          (steps) => read({ integrationId, steps }),
          (id) =>
            whole(
              id === undefined
                ? few(scope, query, list)
                : read({ integrationId, steps: pageBehind(scope, query, id) }),
            ),
        );
      }),
  };
}

function* totalOf(
  counted: Template<ListInput, { total: number }>,
  input: ListInput,
): Steps<number> {
  const [row] = yield* ask(counted, input);
  return row?.total ?? 0;
}

/** The total of a list whose end the page contains. */
function totalIn({ length }: readonly PageRow[], { start, limit }: Query): number | undefined {
  if ('offset' in start) {
    const isEnd = length < limit && (length > 0 || start.offset === 0);
    return isEnd ? start.offset + length : undefined;
  }
  return start.after === undefined && length <= limit ? length : undefined;
}
