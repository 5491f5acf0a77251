/** The log of who changed what in a tenant. */

/**
 * Who acted: an integration, by its id; the holder of a Kubernetes user name; or an account that was
 * not signed in, by the name of its provider and its id there.
 */
interface Actor {
  readonly kind: 'integration' | 'person' | 'kubernetes' | 'account';
  readonly name: string;
}

/** What SCIM writes do. */
const WRITE_OPERATIONS = ['create', 'update', 'delete'] as const;

/** What only people do. */
export const PEOPLES_OPERATIONS = [
  'signIn',
  'signInRefused',
  'signOut',
  'enable',
  'disable',
  'rotate',
  'attach',
  'detach',
  'unbind',
  'endSessions',
  'createSetupLink',
  'revokeSetupLink',
  'showToken',
] as const;

export const ACTIVITY_OPERATIONS = [...WRITE_OPERATIONS, ...PEOPLES_OPERATIONS] as const;
type ActivityOperation = (typeof ACTIVITY_OPERATIONS)[number];

const ACTIVITY_RESOURCE_TYPES = [
  'User',
  'Group',
  'ScimIntegration',
  'ScimGroupBinding',
  'Session',
] as const;

interface ActivityResource {
  readonly type: (typeof ACTIVITY_RESOURCE_TYPES)[number];
  readonly id: string;
  /** The userName, the displayName, or namespace/name, at the time of the entry. */
  readonly name: string;
}

/**
 * A value before and after, of which one is missing if the attribute was added or removed; or, for
 * members and for the groups that a deleted resource was in, the ids that joined and left, of which
 * at most MAX_LOGGED_IDS are kept.
 */
export interface AttributeChange {
  readonly before?: unknown;
  readonly after?: unknown;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  readonly addedCount?: number;
  readonly removedCount?: number;
}

export const MAX_LOGGED_IDS = 1_000;

/** By the path of the attribute. Never contains a password or a token. */
export type ActivityChange = Readonly<Record<string, AttributeChange>>;

export interface ActivityEntry {
  /** A UUIDv7, which has the order and the time of the entry. */
  readonly id: string;
  readonly at: number;
  readonly tenant: string;
  readonly actor: Actor;
  readonly operation: ActivityOperation;
  readonly resource: ActivityResource;
  readonly requestId: string | undefined;
  /** The version of a user or group after the write. */
  readonly version: number | undefined;
  readonly change: ActivityChange;
}

/** Conditions that all entries of the page meet. */
export interface ActivityQuery {
  readonly tenant: string;
  /** What this integration did. */
  readonly integrationId?: string;
  /** What the person of this Kubernetes user name did, and nothing that an account tried. */
  readonly actor?: string;
  readonly operation?: ActivityOperation;
  readonly resourceType?: ActivityResource['type'];
  readonly resourceId?: string;
  /** The first millisecond. */
  readonly since?: number;
  /** The millisecond after the last one. */
  readonly until?: number;
  /**
   * Only entries of the pages after the one with this `next`, under the same conditions. A text
   * that can't be one is rejected with CursorError.
   */
  readonly after?: string;
  readonly limit: number;
}

/** The newest entry is the first. */
export interface ActivityPage {
  readonly entries: readonly ActivityEntry[];
  /**
   * `after` of the next page, if there may be one. A page of rare entries can end early, even
   * without an entry, so that no page reads the whole log.
   */
  readonly next?: string;
}

/** The id follows from the time. */
export type NewActivity = Omit<ActivityEntry, 'id'>;

/** SCIM writes append their entries themselves, in their own transactions. */
export interface ActivityStore {
  append(entry: NewActivity): Promise<void>;
  list(query: ActivityQuery): Promise<ActivityPage>;
  /** Deletes a slice of the entries before the time. Returns how many; 0 if none is left. */
  prune(before: number): Promise<number>;
}

export interface ActivityOptions {
  /** Whether entries are kept; true by default. */
  readonly recorded?: boolean;
  /** Called for each entry after its commit. Must not throw. */
  readonly onEntry?: (entry: ActivityEntry) => void;
}
