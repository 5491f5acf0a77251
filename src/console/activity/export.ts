/** Exports, which are sent while they are read. */
import { ACTIVITY_LINES } from '../../directory/activity-lines.ts';
import { activityPages } from '../../directory/activity-pages.ts';
import type { ActivityQuery } from '../../directory/store/activity.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { conditionsOf, filtersIn } from './filters.ts';

/**
 * A spreadsheet opens ten times as many entries. A page looks at 10,000 of them at most, so a filter
 * that few fulfil ends after 3,000,000.
 */
export const MOST_EXPORTED = { entries: 100_000, pages: 300 };

export type Format = keyof typeof ACTIVITY_LINES;

const FILES: Readonly<Record<Format, { readonly type: string; readonly ending: string }>> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', ending: 'csv' },
  json: { type: 'application/jsonl; charset=utf-8', ending: 'jsonl' },
};

/** The entries of the log that the filters of the address let through, the newest first. */
export async function exportActivity(
  context: ConsoleContext,
  c: ConsoleRequest,
  format: Format,
): Promise<Response> {
  const tenant = c.get('tenant');
  await tenant.require('list', 'activity');
  const conditions = conditionsOf(filtersIn(new URL(c.req.url).searchParams));
  return download(context, c, {
    name: 'activity',
    format,
    lines: activityLines(context, { tenant: tenant.name, ...conditions }, format),
  });
}

async function* activityLines(
  { store }: Pick<ConsoleContext, 'store'>,
  query: Omit<ActivityQuery, 'limit'>,
  format: Format,
): AsyncGenerator<string> {
  const { head, line, cut } = ACTIVITY_LINES[format];
  yield head;
  let next: string | undefined;
  for await (const page of activityPages(store.activity, query, MOST_EXPORTED)) {
    next = page.next;
    yield page.entries.map(line).join('');
  }
  if (next !== undefined) yield cut(CUT, next);
}

const CUT =
  'This export is incomplete, because it reached its limits. Narrow the filters, or use the ' +
  'command scim-operator activity.';

interface Download {
  readonly name: string;
  readonly format: Format;
  readonly lines: AsyncIterable<string>;
}

/** Nothing in the name of the file comes from the directory. */
export function download(
  { log, now }: Pick<ConsoleContext, 'log' | 'now'>,
  c: ConsoleRequest,
  { name, format, lines }: Download,
): Response {
  const { type, ending } = FILES[format];
  const date = new Date(now()).toISOString().slice(0, 10);
  const file = `${name}-${c.get('tenant').name}-${date}.${ending}`;
  const requestId = c.get('requestId');
  const bytes = bytesOf(lines, (error) =>
    log.warn({ err: error, requestId }, 'an export ended early'),
  );
  return new Response(ReadableStream.from(bytes), {
    headers: {
      'Content-Type': type,
      'Content-Disposition': `attachment; filename="${file}"`,
    },
  });
}

/** An error ends the connection, so that the browser knows that the file is incomplete. */
async function* bytesOf(
  lines: AsyncIterable<string>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  try {
    for await (const text of lines) if (text !== '') yield encoder.encode(text);
  } catch (error) {
    onError(error);
    throw error;
  }
}
