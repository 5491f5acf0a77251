/**
 * What every use case of the directory is given: the directory itself, and the client that asks.
 */
import type { Permissions } from './permissions.ts';
import type { Scope } from './store/resources.ts';
import type { Store } from './store/store.ts';

/** The client that asks: its integration, and what it may do. */
export interface Caller {
  readonly scope: Scope;
  readonly permissions: Permissions;
  /** The id of its request, as in the log. */
  readonly requestId: string;
}

export interface Directory {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
