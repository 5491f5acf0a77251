/** Reads the activity log page by page, so that no export needs it in memory. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ActivityPage, ActivityQuery, ActivityStore } from './store/activity.ts';

/** Entries that are read at once. */
const PAGE_SIZE = 500;

interface Bounds {
  readonly entries: number;
  /** A page that finds few entries has looked at thousands. */
  readonly pages: number;
}

/**
 * The newest entries first. A page may be empty. The log goes on, and the bounds were reached, if
 * the last page has a `next`. Throws the reason of the signal instead of reading on after it aborts.
 */
export async function* activityPages(
  activity: Pick<ActivityStore, 'list'>,
  query: Omit<ActivityQuery, 'limit' | 'after'>,
  bounds: Bounds,
  signal?: AbortSignal,
): AsyncGenerator<ActivityPage> {
  let left = bounds.entries;
  let after: string | undefined;
  for (let pages = 0; pages < bounds.pages; pages++) {
    signal?.throwIfAborted();
    const place = after === undefined ? {} : { after };
    const limit = Math.min(PAGE_SIZE, left);
    const page = await activity.list({ ...query, limit, ...place });
    yield page;
    left -= page.entries.length;
    after = page.next;
    if (after === undefined || left <= 0) return;
    // SQLite reads without waiting, and requests are served meanwhile.
    await nextTurn();
  }
}
