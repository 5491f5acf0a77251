/** When a reconcile looks again, by one rule for every controller; milliseconds. */

/** Somebody else's object, or a rule of the cluster, may be gone by then. */
export const OBSTACLE_RETRY_MS = 30_000;
/** Somebody wrote in between; their event is on its way. */
export const STALE_RETRY_MS = 100;
