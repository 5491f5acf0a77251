/**
 * What a database must do for the directory: atomic operations only. Each resolves after its commit
 * and changes nothing if it rejects. Both implementations pass the same contract suite
 * (test/directory).
 *
 * Operations reject with ScimError: notFound, uniqueness (409), or 503 while the database is
 * unavailable. Times are milliseconds since the epoch.
 */
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ActivityStore } from './activity.ts';
import type { Census } from './census.ts';
import type { MembershipStore } from './followed-groups.ts';
import type { IdentityStore } from './identities.ts';
import type { IntegrationStore } from './integrations.ts';
import type { MadeObjectStore } from './made-objects.ts';
import type { PeopleStore } from './people.ts';
import type { RecentRequestStore } from './recent-requests.ts';
import type { GroupStore, UserStore } from './resources.ts';
import type { SearchesOfStore } from './searches.ts';
import type { SessionStore } from './sessions.ts';
import type { SetupLinkStore } from './setup-links.ts';
import type { TokenStore } from './tokens.ts';

export interface Store {
  /** The resource types that it was opened with. */
  readonly types: ResourceTypes;
  readonly users: UserStore;
  readonly groups: GroupStore;
  readonly memberships: MembershipStore;
  readonly integrations: IntegrationStore;
  readonly tokens: TokenStore;
  readonly madeObjects: MadeObjectStore;
  readonly recentRequests: RecentRequestStore;
  readonly people: PeopleStore;
  readonly identities: IdentityStore;
  readonly sessions: SessionStore;
  readonly setupLinks: SetupLinkStore;
  readonly activity: ActivityStore;
  readonly searches: SearchesOfStore;
  /** Signs cursors. It is the same in every process on this database, and nowhere else. */
  readonly cursorKey: string;
  /** Encrypts and signs what sign-in keeps: 64 hex digits. It is kept like the key of cursors. */
  readonly sealingKey: string;
  census(): Promise<Census>;
  /** Rejects while the database can't be read and written. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
