/** The statements that read users or groups, composed once for a database. */
import { sql } from 'drizzle-orm';
import type { Scope } from '../../store/resources.ts';
import type { DataVersion } from '../conditions.ts';
import { type ResourceRow, resourceColumns } from '../lists.ts';
import {
  type CountInput,
  memberCount,
  memberSlice,
  type SliceInput,
  type SliceRow,
} from '../related/members-of-groups.ts';
import {
  type Nestable,
  oneResource,
  type RangeInput,
  type Related,
  type RelatedInput,
} from '../related/related.ts';
import type { SearchContext } from '../resource-key.ts';
import { type Compose, Slot, Template, template } from '../template.ts';
import { type ExternalIdRow, type ExternalIdsInput, externalIdsOfRange } from './external-ids.ts';
import { type LargeRows, largeRows } from './large-rows.ts';
import { ListPlans } from './list-plans.ts';
import { sharedTemplate } from './shared-template.ts';

interface GetInput extends Scope {
  readonly id: string;
  readonly related: boolean;
}

const ID = new Slot('id');

type OneInput = Pick<GetInput, 'tenant' | 'id'>;

/** Selects one resource. */
export function getStatement(context: SearchContext, compose: Compose) {
  const { r, scope } = context;
  return sharedTemplate<GetInput, ResourceRow>(
    context,
    compose,
    sql`
      SELECT ${resourceColumns(context)}
      FROM ${r.table}
      WHERE ${r.tenant} = ${scope.tenant} AND ${r.id} = ${ID}
    `,
    { findsOne: true },
  );
}

/** How resources of one type are read. */
export interface ResourceStatements<Found> {
  readonly get: Template<GetInput, ResourceRow>;
  readonly lists: ListPlans;
  readonly large: LargeRows;
  /** What the rows of a page of all resources are without, where that costs less. */
  readonly externalIds: Template<ExternalIdsInput, ExternalIdRow> | undefined;
  readonly related: Template<RelatedInput, Found>;
  /** The same for one resource. */
  readonly relatedOfOne: Template<OneInput, Found>;
  /** What is tried before it; see selectFlat. Only where another statement costs no round trip. */
  readonly flatOfOne: Template<OneInput, Found & Nestable> | undefined;
  /** What is tried first for a page of all resources; see RelatedOfRange. */
  readonly ofRange: RangeStatements<Found> | undefined;
  readonly memberSlice: Template<SliceInput, SliceRow>;
  readonly memberCount: Template<CountInput, { readonly total: number }>;
  /** See SearchDialect. */
  readonly version: Template<object, DataVersion> | undefined;
}

interface RangeStatements<Found> {
  readonly select: Template<RangeInput, Found>;
  readonly idsOf: (rows: readonly Found[]) => readonly string[];
  readonly complete: Template<RelatedInput, Found & Nestable>;
}

export function resourceStatements<Found, R>(
  context: SearchContext,
  compose: Compose,
  related: Related<Found, R>,
): ResourceStatements<Found> {
  const { dialect } = context;
  const { selectFlat, ofRange } = dialect.shared === undefined ? related : {};
  return {
    get: getStatement(context, compose),
    lists: new ListPlans(context, compose),
    large: largeRows(context, compose),
    externalIds: dialect.hasFixedPlans
      ? template(compose, (input) => externalIdsOfRange(context, input))
      : undefined,
    related: template(compose, ({ tenant, ids }) =>
      related.select(dialect, tenant, dialect.values(ids, 'i')),
    ),
    relatedOfOne: template(compose, ({ tenant, id }) =>
      related.select(dialect, tenant, oneResource(id)),
    ),
    flatOfOne: selectFlat && template(compose, ({ tenant, id }) => selectFlat(dialect, tenant, id)),
    ofRange: ofRange && {
      select: template(compose, (input) => ofRange.select(dialect, input)),
      idsOf: ofRange.idsOf,
      complete: template(compose, (input) => ofRange.complete(dialect, input)),
    },
    memberSlice: template(compose, (input) => memberSlice(dialect, input)),
    memberCount: template(compose, (input) => memberCount(dialect, input)),
    version: dialect.version && new Template(compose(dialect.version)),
  };
}
