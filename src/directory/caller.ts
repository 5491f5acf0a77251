/** What every use case of the directory is given: the directory, and the calling client. */
import type { Permissions } from './permissions.ts';
import type { Author } from './store/resources.ts';
import type { Store } from './store/store.ts';

/** The calling client: its integration, its permissions and its endpoint. */
export interface Caller {
  readonly scope: Author;
  readonly permissions: Permissions;
  /** The URL of its endpoint, as configured: the Host header is not used. No trailing slash. */
  readonly baseUrl: string;
}

export interface Directory {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
