/** The statements of lists: how many resources there are, and one page of them. */
import { type SQL, sql } from 'drizzle-orm';
import type { Comparable, Condition, SortKey } from '../../../scim/condition.ts';
import type { PageKey, Query, Scope } from '../../store/resources.ts';
import { conditionCompiler, type Expression } from '../conditions.ts';
import { externalIdIn, findsOne, isLookUp } from '../index-candidates.ts';
import { type PageRow, pageColumns } from '../lists.ts';
import { named } from '../names.ts';
import { isAlwaysThere, resourceHolder, sortExpression } from '../resource-conditions.ts';
import { type ResourceName, type SearchContext, TOTALS } from '../resource-key.ts';
import { type Compose, LiteralSlot, Slot, type Slots, Template } from '../template.ts';
import { comparesMembers, weightOf } from './cost.ts';
import { rowsOfLookUp } from './look-up.ts';
import { typeOf, withSlots } from './shape.ts';
import { sharedTemplate } from './shared-template.ts';

/** What the statements of a list take their values from. The literals of the filter are numbered. */
export interface ListInput extends Scope {
  readonly limit: number;
  readonly offset: number;
  /** The key behind which the page begins. */
  readonly id: string;
  readonly sorted: Comparable | null;
  readonly related: boolean;
}

const AT: Slots<Pick<ListInput, 'limit' | 'offset' | 'id'>> = {
  limit: new Slot('limit'),
  offset: new Slot('offset'),
  id: new Slot('id'),
};

/** To read the groups of all users of a page costs less than to count those of each. */
const MANY_ROWS = { memberships: sql`1` };

/** The same for externalIds, if the resources follow each other; see externalIdsOfRange. */
const RANGE_OF_ROWS = { ...MANY_ROWS, externalId: sql`NULL` };

/** The statements of all lists of one shape. Each is composed when it is first needed. */
export class ListPlan {
  /** Whether an index leads to what the list selects, in its order unless it selects few. */
  readonly isQuick: boolean;
  /** Whether it has all resources in the order of their ids. */
  readonly isPlain: boolean;
  /** See weightOf. */
  readonly weight: number;
  readonly #context: SearchContext;
  readonly #compose: Compose;
  readonly #condition: SQL | undefined;
  readonly #query: Query;
  readonly #isLookUp: boolean;
  readonly #findsOne: boolean;
  readonly #kept = new Map<string, Template<ListInput, unknown>>();

  /**
   * The query is any one of the shape. Throws invalidFilter or invalidPath if an attribute can't be
   * filtered or sorted by.
   */
  constructor(context: SearchContext, compose: Compose, query: Query) {
    const { filter, sort } = query;
    this.#context = context;
    this.#compose = compose;
    this.#query = query;
    this.#condition =
      filter && conditionCompiler(context.dialect)(withSlots(filter), resourceHolder(context));
    const sorted = this.#sorted();
    const isInOrder = [undefined, context.r.id, context.r.key].some((each) => each === sorted);
    this.#isLookUp = filter !== undefined && isLookUp(filter, context);
    this.#findsOne = filter !== undefined && findsOne(filter, context);
    this.isQuick = this.#isLookUp || (filter === undefined && isInOrder);
    this.isPlain = filter === undefined && sort === undefined;
    this.weight = weightOf(query, context);
  }

  /** Selects `total`, from the tenant's counter unless the list is filtered. */
  get total(): Template<ListInput, { total: number }> {
    return this.#template('total', () => {
      const condition = this.#condition;
      if (condition === undefined) return this.#counted();
      const places = from(this.#context, [...this.#tenant(), condition]);
      return sql`SELECT count(*) AS total FROM ${places}`;
    });
  }

  /**
   * Selects the number of all resources that the list compares. Groups are assumed to have as many
   * members together as there are users.
   */
  get resources(): Template<ListInput, { total: number }> {
    const { filter } = this.#query;
    return this.#template('resources', () =>
      filter !== undefined && comparesMembers(filter)
        ? sql`SELECT (${this.#counted('User')}) + (${this.#counted('Group')}) AS total`
        : this.#counted(),
    );
  }

  /** Selects the rows of the page, and one more if a key for the next page is wanted. */
  get page(): Template<ListInput, PageRow> {
    const { filter } = this.#query;
    if (!this.#isLookUp || filter === undefined)
      return this.#template('page', () => this.#page(this.#first(this.#context.r.id), this.#skips));
    const options = { isOfRequest: true, findsOne: this.#findsOne };
    const make = () =>
      sharedTemplate<ListInput, PageRow>(
        this.#context,
        this.#compose,
        this.#lookUp(filter),
        options,
      );
    return this.#keep('page', make);
  }

  /**
   * Selects the rows of a page by index of a plain list from the end, so that the last page costs
   * what the first does. It is counted with the total of the same statement, so that a resource that
   * is created meanwhile doesn't move the page.
   */
  get pageFromEnd(): Template<ListInput, PageRow> {
    const { r } = this.#context;
    return this.#template('pageFromEnd', () => {
      const behind = sql`((${this.#counted()}) - CAST(${AT.offset} AS BIGINT))`;
      const size = sql`CAST(${AT.limit} AS BIGINT)`;
      return this.#page(
        sql`
          ORDER BY ${r.id} DESC
          LIMIT CASE
            WHEN ${behind} > ${size} THEN ${size}
            WHEN ${behind} > 0 THEN ${behind}
            ELSE 0
          END
          OFFSET CASE WHEN ${behind} > ${size} THEN ${behind} - ${size} ELSE 0 END
        `,
        true,
      );
    });
  }

  #page(rows: SQL, skips: boolean): SQL<PageRow> {
    const context = this.#context;
    const { dialect, scope, r } = context;
    const tenant = sql`${r.tenant} = ${scope.tenant}`;
    const places = from(context, [
      ...this.#tenant(),
      ...present([this.#condition, this.#behind()]),
    ]);
    const isRange = this.isPlain && dialect.hasFixedPlans === true;
    const selected = pageColumns(context, isRange ? RANGE_OF_ROWS : MANY_ROWS);
    if (isRange && !skips) return sql`SELECT ${selected} FROM ${places} ${rows}`;
    // Ids first: only an index, or little more, is skipped over and sorted, and not the wide rows.
    const ids = sql`SELECT ${r.id} FROM ${places} ${rows}`;
    const shown = [tenant, dialect.among(r.id, ids)];
    return sql`
      SELECT ${selected}${this.#sortedColumn()}
      FROM ${from(context, shown)}
      ORDER BY ${this.#order(r.id)}
    `;
  }

  #lookUp(filter: Condition): SQL<PageRow> {
    const context = this.#context;
    const found = rowsOfLookUp(withSlots(filter), context);
    const rows = found?.rows ?? context.r.table;
    const given = found === undefined ? [...this.#tenant(), this.#condition] : found.conditions;
    const conditions = present([...given, this.#behind()]);
    const where = conditions.length === 0 ? sql`` : sql`WHERE ${all(conditions)}`;
    const known = { externalId: externalIdIn(withSlots(filter), context) };
    return sql`
      SELECT ${pageColumns(context, known)}${this.#sortedColumn()}
      FROM ${rows} ${where} ${this.#first(found?.id ?? context.r.id)}
    `;
  }

  /** The first rows that the page has, in its order. */
  #first(id: Expression): SQL {
    // PostgreSQL would begin a sort for each request that shares the statement.
    const inOrder = this.#findsOne ? sql`` : sql`ORDER BY ${this.#order(id)}`;
    const first = sql`${inOrder} LIMIT ${AT.limit}`;
    // PostgreSQL expects an unknown OFFSET to skip a tenth of the rows. Its plan for all values
    // would be one that reads many rows.
    return this.#skips ? sql`${first} OFFSET ${AT.offset}` : first;
  }

  get #skips(): boolean {
    const { start } = this.#query;
    return 'offset' in start && start.offset > 0;
  }

  /** True for what follows the key behind which the page begins. */
  #behind(): SQL | undefined {
    const { start, sort } = this.#query;
    return 'after' in start && start.after !== undefined
      ? behindKey(start.after, sort, this.#sorted(), this.#context)
      : undefined;
  }

  /** The conditions that begin every statement. One that may be long can be ended. */
  #tenant(): readonly SQL[] {
    const { dialect, scope, r } = this.#context;
    const tenant = sql`${r.tenant} = ${scope.tenant}`;
    return this.isQuick || dialect.unended === undefined ? [tenant] : [tenant, dialect.unended];
  }

  #counted(name: ResourceName = this.#context.name): SQL<{ total: number }> {
    const { dialect, scope } = this.#context;
    const c = named(dialect.tables.counters, 'c');
    return sql`
      SELECT CAST(COALESCE(sum(${c.value}), 0) AS BIGINT) AS total
      FROM ${c.table}
      WHERE ${c.tenant} = ${scope.tenant} AND ${c.name} = ${TOTALS[name]}
    `;
  }

  #sorted(): Expression | undefined {
    const { sort } = this.#query;
    return sort && sortExpression(sort, this.#context);
  }

  #sortedColumn(): SQL {
    const value = this.#sorted();
    return value === undefined ? sql`` : sql`, ${value} AS sorted`;
  }

  #order(id: Expression): Expression {
    return order(this.#query.sort, this.#sorted(), id);
  }

  #template<Row>(name: string, write: () => SQL<Row>): Template<ListInput, Row> {
    return this.#keep(name, () => new Template<ListInput, Row>(this.#compose(write()), true));
  }

  #keep<Row>(name: string, make: () => Template<ListInput, Row>): Template<ListInput, Row> {
    const known = this.#kept.get(name);
    if (known !== undefined) return known as Template<ListInput, Row>;
    const made = make();
    this.#kept.set(name, made);
    return made;
  }
}

function from({ r }: SearchContext, conditions: readonly SQL[]): SQL {
  return sql`${r.table} WHERE ${all(conditions)}`;
}

const all = (conditions: readonly SQL[]): SQL => sql.join([...conditions], sql` AND `);

const present = (conditions: readonly (SQL | undefined)[]): readonly SQL[] =>
  conditions.filter((each) => each !== undefined);

/**
 * Ties are broken by id, in the direction of the sort. Missing values come last, or first if the
 * order is descending (RFC 7644 §3.4.2.3).
 */
function order(
  sort: SortKey | undefined,
  value: Expression | undefined,
  id: Expression,
): Expression {
  if (value === undefined) return id;
  const direction = sort?.descending ? sql`DESC` : sql`ASC`;
  const nulls = sort?.descending ? sql`NULLS FIRST` : sql`NULLS LAST`;
  return sql`${value} ${direction} ${nulls}, ${id} ${direction}`;
}

/** True for everything that follows the key in that order. */
function behindKey(
  { sorted }: PageKey,
  sort: SortKey | undefined,
  value: Expression | undefined,
  context: SearchContext,
): SQL {
  const { dialect, r } = context;
  const [beyond, orSame] = sort?.descending ? [sql`<`, sql`<=`] : [sql`>`, sql`>=`];
  const later = sql`${r.id} ${beyond} ${AT.id}`;
  if (value === undefined) return later;
  const missing = sql`${value} IS NULL`;
  if (sorted === null || sorted === undefined) {
    return sort?.descending ? sql`(NOT (${missing}) OR ${later})` : sql`(${missing} AND ${later})`;
  }
  const bound = dialect.bind(new LiteralSlot('sorted', typeOf(sorted)));
  // The first comparison can use an index.
  const among = sql`(${value} ${orSame} ${bound} AND (${value} ${beyond} ${bound} OR ${later}))`;
  const isLast = sort === undefined || sort.descending || isAlwaysThere(sort, context);
  return isLast ? among : sql`(${among} OR ${missing})`;
}
