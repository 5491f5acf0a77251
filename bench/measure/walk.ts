/** Reads a whole directory in pages. */
import type { Load } from '../load/load.ts';
import { succeed } from '../load/requests.ts';
import { connectionOf } from './groups.ts';
import { PAGE } from './growth.ts';

interface Page {
  readonly totalResults: number;
  readonly nextCursor?: string;
  readonly Resources: readonly { readonly id: string }[];
}

/** Returns the rows per second. Throws if a row is missing or is listed twice. */
export async function walk(load: Load, kind: 'index' | 'cursor'): Promise<number> {
  const ids = new Set<string>();
  let [rows, total, milliseconds] = [0, 0, 0];
  let cursor: string | undefined = '';
  do {
    const from = kind === 'index' ? `startIndex=${rows + 1}` : `cursor=${cursor}`;
    const request = load.compose('GET', `/Users?${from}&count=${PAGE}`);
    const begun = performance.now();
    const page: Page = await succeed<Page>(connectionOf(load), request);
    milliseconds += performance.now() - begun;
    for (const { id } of page.Resources) ids.add(id);
    rows += page.Resources.length;
    total = page.totalResults;
    if (page.Resources.length === 0) break;
    cursor = page.nextCursor && encodeURIComponent(page.nextCursor);
  } while (kind === 'index' ? rows < total : cursor !== undefined);
  if (ids.size !== total || rows !== total)
    throw new Error(`a walk by ${kind} listed ${ids.size} users in ${rows} rows of ${total}`);
  return (rows * 1000) / milliseconds;
}
