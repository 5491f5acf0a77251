import { setImmediate } from 'node:timers/promises';

/** Does the steps in turns of the event loop, between which others are served. */
export async function betweenTurns<T>(steps: Generator<void, T>): Promise<T> {
  let next = steps.next();
  for (; !next.done; next = steps.next()) await setImmediate();
  return next.value;
}
