/** Rows of users and groups as the statements of reads select them. */
import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import type { SortKey } from '../../scim/condition.ts';
import { StoredProfile } from '../../scim/profile.ts';
import type { PageKey, Query, StoredResource } from '../store/resources.ts';
import { type Row, selected } from './names.ts';
import { memberships } from './related.ts';
import { externalIdOf } from './resource-conditions.ts';
import type { ResourceNames, SearchContext } from './resource-key.ts';

const COLUMNS = ['id', 'attributes', 'version', 'created', 'lastModified'] as const;

/** A row that the statements of a page select; `attributes` is JSON. */
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

/** The columns of the resource's own row. */
export const ownColumns = (names: ResourceNames): StringChunk => selected(names, ...COLUMNS);

export const resourceColumns = (
  context: SearchContext,
  related: SQL = memberships(context),
): SQL => sql`
  ${ownColumns(context.r)}, ${externalIdOf(context)} AS "externalId", ${related} AS memberships
`;

/** Makes the page of a query from its rows. */
export function pageOf(rows: readonly ResourceRow[], query: Query, total: number) {
  const more = 'after' in query.start && rows.length > query.limit;
  const shown = more ? rows.slice(0, query.limit) : rows;
  const last = more ? shown.at(-1) : undefined;
  return {
    total,
    records: shown.map(resourceOf),
    ...(last === undefined ? {} : { next: keyOf(last, query.sort) }),
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
