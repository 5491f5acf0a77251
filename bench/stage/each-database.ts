/** Measures on one database after the other. */
import { type Closing, inScope } from '../../hack/trial.ts';
import type { DatabaseKind } from './databases.ts';

export const DATABASE_KINDS: readonly DatabaseKind[] = ['sqlite', 'postgres'];

/** What a measurement leaves to its own list ends before the next one begins. */
export async function onEachDatabase<T>(
  kinds: readonly DatabaseKind[],
  closing: Closing,
  measure: (kind: DatabaseKind, closing: Closing) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  for (const kind of kinds) results.push(await inScope(closing, (own) => measure(kind, own)));
  return results;
}
