/** Runs reads, those that may be long apart from the others. */
import type { Reader, ReadStep, Steps } from './reads.ts';
import { checkWork, isLittle } from './work.ts';

/**
 * `direct` runs a read at once, and `apart` lets it wait for a turn and ends it if it takes too long.
 * The reader rejects with tooMany if the read is too much for a turn.
 */
export function readerOf(direct: Reader, apart: Reader): Reader {
  const searching: Reader = async (reading) => {
    const { integrationId, search } = reading;
    if (search === undefined) return direct(reading);
    const work = search.weight * (await direct({ integrationId, steps: search.resources }));
    checkWork(work);
    return isLittle(work) ? direct(reading) : apart(reading);
  };
  return (reading) => (reading.search === undefined ? direct(reading) : searching(reading));
}

/** Runs the steps one after the other. */
export async function perform<T>(
  steps: Steps<T>,
  rowsOf: (step: ReadStep) => Promise<readonly unknown[]>,
): Promise<T> {
  for (let next = steps.next([]); ; ) {
    if (next.done) return next.value;
    next = steps.next(await rowsOf(next.value));
  }
}
