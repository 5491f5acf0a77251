/** Reads the activity log page by page, so that no export needs it in memory. */
import type { ActivityEntry, ActivityQuery, ActivityStore } from './store/activity.ts';

/** Entries that are read at once. */
const PAGE_SIZE = 500;

/** The newest entries first, at most `most` of them. A page may be empty. */
export async function* activityPages(
  activity: Pick<ActivityStore, 'list'>,
  query: Omit<ActivityQuery, 'limit' | 'after'>,
  most: number,
): AsyncGenerator<readonly ActivityEntry[]> {
  let left = most;
  let after: string | undefined;
  do {
    const page = { ...query, limit: Math.min(PAGE_SIZE, left) };
    const place = after === undefined ? {} : { after };
    const { entries, next } = await activity.list({ ...page, ...place });
    yield entries;
    left -= entries.length;
    after = next;
  } while (after !== undefined && left > 0);
}
