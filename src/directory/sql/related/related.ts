/**
 * Rows that are read together with a page of resources, in one statement: the groups of its users,
 * or the members of its groups.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { PackedMembers, StoredResource } from '../../store/resources.ts';
import type { Expression, SearchDialect } from '../conditions.ts';
import type { Slots, Text } from '../template.ts';

/** What a statement takes the resources from. */
export interface RelatedInput {
  readonly tenant: string;
  readonly ids: readonly string[];
}

/** A statement, and how its rows are attached to the resources. */
export interface Related<Found, R> {
  /**
   * For related resources of which there may be very many: makes a row of a slice of them. See
   * memberSlice.
   */
  readonly ofSlice?: (id: string, members: PackedMembers) => Found;
  /** `resources` is a FROM item `i` with their ids as values; see dialect.values and oneResource. */
  select(dialect: SearchDialect, tenant: Text, resources: SQL): SQL<Found>;
  /**
   * The same for one resource, if it costs much less when nothing is nested. Otherwise a row says
   * so, and the rows are not all. Selects at most `limit` rows.
   */
  readonly selectFlat?: (
    dialect: SearchDialect,
    tenant: Text,
    id: Text,
    limit?: number,
  ) => SQL<Found & Nestable>;
  /** The same for resources that follow each other in the order of their ids. */
  readonly ofRange?: RelatedOfRange<Found>;
  attach(records: readonly StoredResource[], rows: readonly Found[]): R[];
}

export interface RangeInput {
  readonly tenant: string;
  readonly first: string;
  readonly last: string;
  readonly limit: number;
}

/** Selects what is related in two steps, because a range is read much faster than many ids. */
interface RelatedOfRange<Found> {
  /** Also selects what is related to other resources whose ids are between. */
  select(dialect: SearchDialect, input: Slots<RangeInput>): SQL<Found>;
  /** What `complete` selects more about. */
  idsOf(rows: readonly Found[]): readonly string[];
  complete(dialect: SearchDialect, input: Slots<RelatedInput>): SQL<Found & Nestable>;
}

export interface Nestable {
  /** 1 if a group of the resource is in another one. */
  readonly isNested: number;
}

/** Whether the rows are not all, because something is nested. */
export const isAnyNested = (rows: readonly Nestable[]): boolean =>
  rows.some(({ isNested }) => isNested === 1);

/**
 * One id as a FROM item. PostgreSQL would plan a list of unknown length for several ids, and this is
 * planned for one.
 */
export const oneResource = (id: Text | Expression): SQL =>
  sql`(SELECT CAST(${id} AS TEXT) AS value) AS i`;
