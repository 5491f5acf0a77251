/** Runs reads, those that may be long apart from the others. */

import { checkWork, isLittle } from './cost.ts';
import type { Reader } from './reads.ts';
import type { ReadStep, Steps } from './steps.ts';

interface Readers {
  /** Runs a read at once. */
  readonly direct: Reader;
  /** Lets a search wait for a turn, and ends it if it takes too long. */
  readonly apart: Reader;
  /** The same for a read of many rows that an index leads to, on one state of the database. */
  readonly whole: Reader;
}

/** The reader rejects with tooMany if a search is too much for a turn. */
export function readerOf({ direct, apart, whole }: Readers): Reader {
  const searching: Reader = async (reading) => {
    const { integrationId, search } = reading;
    if (search === undefined) return direct(reading);
    const work = search.weight * (await direct({ integrationId, steps: search.resources }));
    checkWork(work);
    return isLittle(work) ? direct(reading) : apart({ ...reading, steps: search.steps });
  };
  return (reading) => {
    if (reading.isLarge) return whole(reading);
    return reading.search === undefined ? direct(reading) : searching(reading);
  };
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
