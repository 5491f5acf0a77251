/** What the address of the log asks for. */
import type { ActivityQuery } from '../../directory/store/activity.ts';
import { withQuery } from '../hrefs.ts';
import { queryParameter } from '../text/query.ts';
import { OPERATIONS, RESOURCE_TYPES } from './words.ts';

export interface ActivityFilters
  extends Partial<
    Pick<ActivityQuery, 'integrationId' | 'actor' | 'operation' | 'resourceType' | 'resourceId'>
  > {
  /** Dates, such as 2026-11-29, in UTC. Both days are included. */
  readonly since?: string;
  readonly until?: string;
}

export function filtersIn(query: URLSearchParams): ActivityFilters {
  const [operation, type] = [queryParameter(query, 'operation'), queryParameter(query, 'type')];
  return defined({
    integrationId: queryParameter(query, 'by'),
    actor: queryParameter(query, 'who', 1_100),
    operation: OPERATIONS.find((each) => each === operation),
    resourceType: RESOURCE_TYPES.find((each) => each === type),
    resourceId: queryParameter(query, 'resource'),
    since: dateIn(query, 'since'),
    until: dateIn(query, 'until'),
  });
}

/** An address with these filters: of the page, or of an export. */
export function activityHref(path: string, filters: ActivityFilters, after?: string): string {
  const { integrationId, actor, operation, resourceType, resourceId, since, until } = filters;
  return withQuery(path, {
    by: integrationId,
    who: actor,
    operation,
    type: resourceType,
    resource: resourceId,
    since,
    until,
    after,
  });
}

export function conditionsOf(filters: ActivityFilters): Omit<ActivityQuery, 'tenant' | 'limit'> {
  const { since, until, ...others } = filters;
  return {
    ...others,
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) + DAY_MS }),
  };
}

const DAY_MS = 86_400_000;

function dateIn(query: URLSearchParams, name: string): string | undefined {
  const value = queryParameter(query, name, 10);
  if (value === undefined || !/^\d{4}-\d\d-\d\d$/.test(value)) return undefined;
  return Number.isNaN(Date.parse(value)) ? undefined : value;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is undefined. */
const defined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
