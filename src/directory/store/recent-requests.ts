/** What identity providers sent last, so that an administrator can see why a sync fails. */

import type { Scope } from './resources.ts';

/** A request with a valid token. */
export interface RecentRequest {
  /** When the response was sent, in milliseconds since the epoch. */
  readonly at: number;
  readonly requestId: string;
  readonly method: string;
  /** Below the endpoint, with its query, in which values are masked. */
  readonly path: string;
  readonly status: number;
  /** The duration in milliseconds. */
  readonly ms: number;
  /** The public part of the token. */
  readonly keyId: string;
  /** JSON of a refused request in which secrets are masked; cut off if it is long. */
  readonly body?: string;
  /** Why the request was refused. */
  readonly detail?: string;
}

/** How many requests of an integration are kept. */
export const MOST_RECENT_REQUESTS = 100;

/** Not part of a backup or a copy of the directory. */
export interface RecentRequestStore {
  /** Replaces what the process has sent of the integration. */
  put(scope: Scope, process: string, requests: readonly RecentRequest[], at: number): Promise<void>;
  /** Returns the last requests of all processes, newest first. */
  list(scope: Scope): Promise<readonly RecentRequest[]>;
  /**
   * Forgets what was put before the time, and processes that wrote less recently than twenty others
   * of the integration.
   */
  prune(before: number): Promise<void>;
}
