/**
 * Results that may be there at once. What is in memory, or in a SQLite file, needs no turn of the
 * event loop, and promises cost more than such a read.
 */

/** A failure is always a rejection. */
export type Eventual<T> = T | Promise<T>;

/** Continues at once if there is nothing to wait for. */
export function andThen<T, U>(value: Eventual<T>, next: (value: T) => Eventual<U>): Eventual<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Makes a rejection of what the function throws. */
export function eventual<T>(run: () => Eventual<T>): Eventual<T> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(error);
  }
}
