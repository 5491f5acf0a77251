/** Reads that may be long, and so take turns. */

/** `search` may read every user or group of a tenant, and `members` are those of large groups. */
export const SEARCH_KINDS = ['search', 'members'] as const;
type SearchKind = (typeof SEARCH_KINDS)[number];

/** Current numbers, and what was counted since the store was opened. */
export interface SearchCounts {
  readonly running: number;
  readonly waiting: number;
  /** Refused, because too many waited or no turn came up in time. */
  readonly refused: number;
  /** Ended, because they took too long. */
  readonly ended: number;
}

export type SearchesOfStore = Readonly<Record<SearchKind, SearchCounts>>;
