/** Plans of lists, one for each shape of query, kept as long as queries of the shape come. */
import type { Comparable } from '../../../scim/condition.ts';
import type { PageStart, Query, Scope } from '../../store/resources.ts';
import type { SearchContext } from '../resource-key.ts';
import type { Compose } from '../template.ts';
import { GenerationalCache } from './generational-cache.ts';
import { type ListInput, ListPlan } from './list-plan.ts';
import { refKey, shapeOf } from './shape.ts';

export interface PlannedList {
  readonly plan: ListPlan;
  readonly input: ListInput;
}

export class ListPlans {
  readonly #context: SearchContext;
  readonly #compose: Compose;
  readonly #plans = new GenerationalCache<ListPlan>();

  constructor(context: SearchContext, compose: Compose) {
    this.#context = context;
    this.#compose = compose;
  }

  /** Throws invalidFilter or invalidPath if an attribute can't be filtered or sorted by. */
  of({ tenant, integrationId }: Scope, query: Query): PlannedList {
    const { filter, sort, start, limit, related } = query;
    const shape = filter && shapeOf(filter);
    const sorted = sort ? `${sort.descending ? 'desc' : 'asc'}\n${refKey(sort.ref)}` : '\n';
    const key = `${startKey(start)}\n${sorted}${shape?.key ?? ''}`;
    const plan = this.#plans.get(key, () => new ListPlan(this.#context, this.#compose, query));
    const after = 'after' in start ? start.after : undefined;
    const input: ListInput & Record<number, Comparable> = {
      tenant,
      integrationId,
      limit: 'after' in start ? limit + 1 : limit,
      offset: 'offset' in start ? start.offset : 0,
      id: after?.id ?? '',
      sorted: after?.sorted ?? null,
      related,
    };
    // A spread would be copied property by property.
    for (const [index, literal] of shape?.literals.entries() ?? []) input[index] = literal;
    return { plan, input };
  }
}

function startKey(start: PageStart): string {
  if ('offset' in start) return start.offset === 0 ? 'beginning' : 'index';
  if (start.after === undefined) return 'first';
  const { sorted } = start.after;
  return sorted === undefined || sorted === null ? 'behind' : `behind ${typeof sorted}`;
}
