/** Rows of users and groups as the statements of reads select them. */
import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import type { SortKey } from '../../scim/condition.ts';
import { MAX_PAGE_BYTES, MAX_RESULTS } from '../../scim/limits.ts';
import { StoredProfile } from '../../scim/profile.ts';
import type { PageKey, Query, StoredResource } from '../store/resources.ts';
import { type Row, selected } from './names.ts';
import { memberships } from './related/groups-of-users.ts';
import { externalIdOf } from './resource-conditions.ts';
import type { ResourceNames, SearchContext } from './resource-key.ts';

const SHORT_COLUMNS = ['id', 'version', 'created', 'lastModified'] as const;
const COLUMNS = [...SHORT_COLUMNS, 'attributes'] as const;

/** The row of a resource; `attributes` is JSON. */
export interface ResourceRow
  extends Omit<Pick<Row<'groups'>, (typeof COLUMNS)[number]>, 'attributes'>,
    Pick<Row<'externalIds'>, 'externalId'> {
  readonly attributes: string;
  /** 0 if nothing is related. */
  readonly memberships: number;
  /** JSON of the rows of what is related, if the statement selects it and there is some, not much. */
  readonly related?: string | null;
  /** Only in a sorted list. */
  readonly sorted?: string | number | boolean | null;
}

/** A row that the statement of a page selects. A large one is without its attributes. */
export interface PageRow extends Omit<ResourceRow, 'attributes'> {
  readonly attributes: string | null;
}

export const isComplete = (row: PageRow): row is ResourceRow => row.attributes !== null;

/** The columns of the resource's own row. */
export const ownColumns = (names: ResourceNames): StringChunk => selected(names, ...COLUMNS);

export const resourceColumns = (context: SearchContext): SQL => sql`
  ${ownColumns(context.r)}, ${otherColumns(context)}
`;

/** What the columns of a row are, if they need not be looked up for each row. */
interface KnownColumns {
  readonly memberships?: SQL;
  readonly externalId?: SQL | undefined;
}

const otherColumns = (context: SearchContext, known: KnownColumns = {}): SQL => sql`
  ${known.externalId ?? externalIdOf(context)} AS "externalId",
  ${known.memberships ?? memberships(context)} AS memberships
`;

/** A full page of rows of this size is as large as a page may be. */
const LARGE_ROW = sql.raw(String(Math.floor(MAX_PAGE_BYTES / MAX_RESULTS)));

/** The columns of a PageRow. */
export function pageColumns(context: SearchContext, known?: KnownColumns): SQL {
  const { dialect, r } = context;
  return sql`
    ${selected(r, ...SHORT_COLUMNS)},
    CASE WHEN ${dialect.isWithin(r.attributes, LARGE_ROW)} THEN ${r.attributes} END AS attributes,
    ${otherColumns(context, known)}
  `;
}

/** Makes the page of a query from its rows, which `isCut` says are fewer than it asked for. */
export function pageOf(
  rows: readonly ResourceRow[],
  { start, sort }: Query,
  total: number,
  { isCut, hasMore }: { readonly isCut: boolean; readonly hasMore: boolean },
) {
  const last = 'after' in start && (hasMore || isCut) ? rows.at(-1) : undefined;
  return {
    total,
    records: rows.map(resourceOf),
    ...(isCut ? { isCut } : {}),
    ...(last === undefined ? {} : { next: keyOf(last, sort) }),
  };
}

export function resourceOf(row: Omit<ResourceRow, 'memberships'>): StoredResource {
  const { id, attributes, version, created, lastModified, externalId } = row;
  const profile = new StoredProfile(attributes, externalId);
  return { id, profile, version, created, lastModified };
}

function keyOf({ id, sorted = null }: ResourceRow, sort: SortKey | undefined): PageKey {
  return sort === undefined ? { id } : { id, sorted };
}
