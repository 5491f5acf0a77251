/** Users on PostgreSQL: global users, and their access to tenants. */
import { sql } from 'drizzle-orm';
import { notFound } from '../../scim/error.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { globalUserId } from '../ids.ts';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import { resourceOf } from '../sql/lists.ts';
import type { ActivityRow } from '../sql/log/rows.ts';
import { lookupChange } from '../sql/lookup-values.ts';
import { forgottenIdentity } from '../sql/people/identities.ts';
import { endedSessions } from '../sql/people/sessions.ts';
import { GROUPS_OF_USERS, knownUsers, type RelatedInput } from '../sql/related.ts';
import {
  foldedName,
  INACTIVE_USERS,
  inactiveChange,
  isOtherPerson,
  isOtherSubject,
  rowOf,
  searchContext,
} from '../sql/resource-key.ts';
import { readsOf } from '../sql/search/reads.ts';
import { resourceStatements } from '../sql/search/resource-statements.ts';
import { type Slots, template } from '../sql/template.ts';
import type {
  Author,
  Decide,
  NewResource,
  StoredResource,
  UserRecord,
  UserStore,
} from '../store/resources.ts';
import { type Connections, compose, type Queries } from './connection/connections.ts';
import { postgresDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import { type ActivityLog, MOVED, movedPart } from './log/activity-log.ts';
import { ResourceTable } from './resource-table.ts';
import type { Statistics } from './statistics.ts';
import { userCreations } from './writes/create-users.ts';
import { ADD_PERSONS } from './writes/creation-statements.ts';
import { counterSlot, LEFT, leftGroups } from './writes/dependents.ts';
import { lockWithHolders } from './writes/locks.ts';
import {
  type CounterChange,
  currentUser,
  ENDED_SESSIONS,
  type UserChangeInput,
  UserStatements,
  type WrittenUser,
} from './writes/user-statements.ts';

const { tables } = postgresDialect;

export function createUserStore(
  connections: Connections,
  types: ResourceTypes,
  statistics: Statistics,
  activity: ActivityLog,
  onMissed: (error: unknown) => void,
): UserStore {
  const table = new ResourceTable('User', types.user);
  const context = searchContext(postgresDialect, 'User', types.user);
  const statements = resourceStatements(context, compose, GROUPS_OF_USERS);
  const known = template(compose, (input: Slots<RelatedInput>) =>
    knownUsers(postgresDialect, input),
  );
  const write = new UserStatements(activity);
  const current = currentUser(context);
  const createUser = userCreations(connections, activity, onMissed);

  /** Throws notFound. */
  const readCurrent = async (queries: Queries, scope: Author, id: string): Promise<CurrentUser> => {
    const [row] = await queries.all(current, { ...scope, id });
    if (row === undefined) throw notFound('User', id);
    const record = resourceOf(row);
    const user = row.memberships === 0 ? { ...record, groups: [] } : record;
    return { user, isLinked: row.isLinked };
  };

  const create = async (
    author: Author,
    { id, attributes, at }: NewResource,
  ): Promise<UserRecord> => {
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      after: attributes,
      version: 1,
      at,
    }));
    await createUser(author.tenant, {
      id,
      integrationId: author.integrationId,
      userId: globalUserId(key),
      key,
      json: profile.json,
      document,
      active,
      externalId: profile.externalId,
      written: lookupChange(undefined, attributes).written,
      at,
      entry,
    });
    activity.committed(entry);
    statistics.note(1);
    return { id, profile, version: 1, created: at, lastModified: at };
  };

  const addGlobalUser = (key: string, at: number) =>
    connections.run(ADD_PERSONS, { persons: [{ userId: globalUserId(key), key }], at });

  /**
   * Returns undefined if the row has changed since it was read. Throws UnknownPersonError if the
   * user is renamed to nobody of `people`.
   */
  const attempt = async (
    queries: Queries,
    author: Author,
    { user, isLinked }: CurrentUser,
    decide: Decide<UserRecord>,
    at: number,
    people: ReadonlySet<string>,
  ): Promise<Attempt | undefined> => {
    const { id, version, lastModified } = user;
    const before = user.profile.attributes;
    const attributes = decide(user);
    if (sameValue(attributes, before)) {
      if (!isLinked) await table.link(queries, author, id);
      return { user, entry: undefined };
    }
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const isRenamed = key !== foldedName('User', before);
    if (isRenamed && !people.has(key)) throw new UnknownPersonError(key);
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      before,
      after: attributes,
      version: version + 1,
      at: Math.max(at, lastModified),
    }));
    const input: UserChangeInput = {
      ...author,
      id,
      version,
      userId: globalUserId(key),
      key,
      json: profile.json,
      active,
      document,
      externalId: profile.externalId,
      ...lookupChange(before, attributes),
      counts: countsOf(before, attributes),
      slot: counterSlot(),
      at,
      entry,
    };
    const template = write.change(input, {
      isRenamed,
      isLinked: isLinked && profile.externalId === user.profile.externalId,
    });
    // The sessions are read after the row is written, so none begins meanwhile.
    const ended = { template: ENDED_SESSIONS, input };
    const statements = [{ template, input }, ...(isOtherPerson(before, attributes) ? [ended] : [])];
    const [rows = []] = await refuseTaken('User', queries.together<WrittenUser>(statements));
    const [row] = rows;
    return row && { user: { ...user, profile, ...row }, entry };
  };

  /**
   * Tries without a lock first. If another write overtakes it, it locks the row and decides again.
   */
  const change = async (
    author: Author,
    id: string,
    decide: Decide<UserRecord>,
    at: number,
  ): Promise<Attempt> => {
    const { tenant } = author;
    const people = new Set<string>();
    const locked = () =>
      connections.transaction(async (queries) => {
        await table.lock(queries, tenant, id, sql`FOR UPDATE`);
        const current = await readCurrent(queries, author, id);
        const changed = await attempt(queries, author, current, decide, at, people);
        if (changed === undefined) throw new Error('a locked row has changed');
        return changed;
      });
    let seen: CurrentUser | undefined = await readCurrent(connections, author, id);
    for (;;) {
      try {
        const changed = seen && (await attempt(connections, author, seen, decide, at, people));
        if (changed !== undefined) return changed;
        seen = undefined;
        return await locked();
      } catch (error) {
        if (!(error instanceof UnknownPersonError)) throw error;
        await addGlobalUser(error.key, at);
        people.add(error.key);
      }
    }
  };

  return {
    create,
    ...readsOf(statements, GROUPS_OF_USERS, connections.reader),
    known: async (tenant, ids) => {
      const rows = await connections.all(known, { tenant, ids });
      return new Set(rows.map(({ id }) => id));
    },
    change: async (author, id, decide, at) => {
      const { user, entry } = await connections.writing(id, () => change(author, id, decide, at));
      activity.committed(entry);
      return user;
    },
    delete: async (author, id, check, at) => {
      const entry = await connections.writing(id, () =>
        connections.transaction(async (queries) => {
          const current = await lockWithHolders(queries, table, author, id);
          check(current);
          return deleteUser(queries, table, activity, author, current, at);
        }),
      );
      activity.committed(entry);
    },
  };
}

interface CurrentUser {
  readonly user: UserRecord;
  /** Whether the integration provisions the user. */
  readonly isLinked: boolean;
}

/** A user is renamed to a person who may lack a global user. */
class UnknownPersonError extends Error {
  readonly key: string;

  constructor(key: string) {
    super('the global user must be added first');
    this.key = key;
  }
}

/** The user after a change, and its entry in the activity log unless nothing changed. */
interface Attempt {
  readonly user: UserRecord;
  readonly entry: ActivityRow | undefined;
}

/** The number of inactive users is first everywhere, so that no two writers wait for each other. */
function countsOf(before: Attributes, after: Attributes): CounterChange[] {
  if (!isOtherSubject(before, after)) return [];
  const by = inactiveChange(before, after);
  const changes = [{ name: USER_CHANGES, by: 1 }];
  return by === 0 ? changes : [{ name: INACTIVE_USERS, by }, ...changes];
}

/**
 * Deletes the tenant's access, whose row is locked; the global user stays. Returns the entry in the
 * activity log.
 */
export async function deleteUser(
  queries: Queries,
  table: ResourceTable,
  activity: ActivityLog,
  author: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): Promise<ActivityRow | undefined> {
  const { tenant } = author;
  const before = profile.attributes;
  const entry = activity.rowOf(author, () => ({
    type: 'User',
    id,
    before,
    version,
    at: Math.max(at, lastModified),
  }));
  const inactive =
    before.active === true ? sql`` : sql`${table.countedInactive(tenant, sql`-1::bigint`)},`;
  const [row] = await queries.all<Pick<ActivityRow, 'moved'>>(
    sql`
      WITH resource AS (${table.deleted(tenant, id)}),
        ${table.forgotten(tenant, id, before)},
        ${inactive}
        ${leftGroups(tenant, id, at)},
        sessions_ended AS (${endedSessions(tables, tenant, id)}),
        identity AS (${forgottenIdentity(tables, tenant, id)})
        ${movedPart({ groups: { removed: LEFT } })}
        ${activity.part(entry, MOVED, sql`resource CROSS JOIN moved`)}
      SELECT moved FROM moved
    `,
  );
  return entry && { ...entry, ...row };
}
