/** What is related to resources that were read, by the statements that cost least first. */
import { isAnyNested } from '../related/related.ts';
import type { ResourceStatements } from './resource-statements.ts';
import { ask, type Steps } from './steps.ts';

/** Groups of each user of a page on average, if they are read by a range. */
const MOST_RELATED = 100;

/** Reads the rows of what is related to one resource. */
export function* relatedToOne<Found>(
  { relatedOfOne, flatOfOne }: Pick<ResourceStatements<Found>, 'relatedOfOne' | 'flatOfOne'>,
  input: { readonly tenant: string; readonly id: string },
): Steps<readonly Found[]> {
  if (flatOfOne !== undefined) {
    const rows = yield* ask(flatOfOne, input);
    if (!isAnyNested(rows)) return rows;
  }
  return yield* ask(relatedOfOne, input);
}

/**
 * The same for resources that follow each other in the order of their ids. Undefined if it takes
 * other statements to read everything.
 */
export function* relatedToRange<Found>(
  { ofRange }: Pick<ResourceStatements<Found>, 'ofRange'>,
  tenant: string,
  ids: readonly string[],
): Steps<readonly Found[] | undefined> {
  const [first, last] = [ids[0], ids.at(-1)];
  if (ofRange === undefined || first === undefined || last === undefined) return undefined;
  const most = MOST_RELATED * ids.length;
  const rows = yield* ask(ofRange.select, { tenant, first, last, limit: most + 1 });
  if (rows.length === 0) return rows;
  if (rows.length > most) return undefined;
  const more = yield* ask(ofRange.complete, { tenant, ids: ofRange.idsOf(rows) });
  return isAnyNested(more) ? undefined : [...rows, ...more];
}
