/** The export of the log. */
import { ACTIVITY_LINES } from '../../directory/activity-lines.ts';
import { activityPages } from '../../directory/activity-pages.ts';
import type { ActivityQuery } from '../../directory/store/activity.ts';
import type { Store } from '../../directory/store/store.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { requireStill } from '../http/session.ts';
import type { Downloads, Format } from './download.ts';
import { conditionsOf, filtersIn } from './filters.ts';

/**
 * A spreadsheet opens ten times as many entries. A page looks at 10,000 of them at most, so a filter
 * that few fulfil ends after 3,000,000.
 */
export const MOST_EXPORTED = { entries: 100_000, pages: 300 };

/** The entries of the log that the filters of the address let through, the newest first. */
export async function exportActivity(
  context: Pick<ConsoleContext, 'store' | 'signIn' | 'access'>,
  downloads: Downloads,
  c: ConsoleRequest,
  format: Format,
): Promise<Response> {
  const tenant = c.get('tenant');
  const may = ['list', 'activity'] as const;
  await tenant.require(...may);
  const conditions = conditionsOf(filtersIn(new URL(c.req.url).searchParams));
  const query = { tenant: tenant.name, ...conditions };
  return downloads.start(c, {
    name: 'activity',
    format,
    lines: (signal) =>
      activityLines(context.store, query, format, {
        signal,
        beforeNext: () => requireStill(context, c, ...may),
      }),
  });
}

async function* activityLines(
  { activity }: Pick<Store, 'activity'>,
  query: Omit<ActivityQuery, 'limit'>,
  format: Format,
  { signal, beforeNext }: { signal: AbortSignal; beforeNext: () => Promise<void> },
): AsyncGenerator<string> {
  const { head, line, cut } = ACTIVITY_LINES[format];
  yield head;
  let next: string | undefined;
  for await (const page of activityPages(activity, query, MOST_EXPORTED, signal)) {
    next = page.next;
    yield page.entries.map(line).join('');
    if (next !== undefined) await beforeNext();
  }
  if (next !== undefined) yield cut(CUT, next);
}

const CUT =
  'This export is incomplete, because it reached its limits. Narrow the filters, or use the ' +
  'command scim-operator activity.';
