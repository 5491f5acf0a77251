/** What every use case of the directory is given: the directory, and the calling client. */
import type { Permissions } from './permissions.ts';
import type { Author } from './store/resources.ts';
import type { Store } from './store/store.ts';

/** The calling client: its integration and its permissions. */
export interface Caller {
  readonly scope: Author;
  readonly permissions: Permissions;
}

export interface Directory {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
