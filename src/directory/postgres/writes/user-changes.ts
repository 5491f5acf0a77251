/**
 * Changes users on PostgreSQL. Those that an integration changes at the same time are read by one
 * statement and written by another one, without waiting for other sessions.
 */
import { sql } from 'drizzle-orm';
import { notFound } from '../../../scim/error.ts';
import type { StoredProfile } from '../../../scim/profile.ts';
import type { Attributes } from '../../../scim/resource.ts';
import type { ResourceTypes } from '../../../scim/resource-types.ts';
import { sameValue } from '../../../scim/values.ts';
import { globalUserId } from '../../ids.ts';
import { USER_CHANGES } from '../../sql/followed-groups.ts';
import { resourceOf } from '../../sql/lists.ts';
import type { ActivityRow } from '../../sql/log/rows.ts';
import { lookupChange } from '../../sql/lookup-values.ts';
import {
  foldedName,
  INACTIVE_USERS,
  inactiveChange,
  isOtherPerson,
  isOtherSubject,
  rowOf,
  searchContext,
} from '../../sql/resource-key.ts';
import type { Author, Decide, Scope, UserRecord, UserStore } from '../../store/resources.ts';
import { Batches } from '../connection/batches.ts';
import type { Connections, Queries } from '../connection/connections.ts';
import { postgresDialect } from '../dialect.ts';
import { isOfStatement, refuseTaken } from '../errors.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import type { ResourceTable } from '../resource-table.ts';
import { ADD_PERSONS } from './creation-statements.ts';
import { counterSlot } from './dependents.ts';
import {
  type CounterChange,
  currentUsers,
  ENDED_SESSIONS,
  type UserChange,
  UserStatements,
  type WrittenUser,
} from './user-statements.ts';

/** A user with more values to remove than this would take long for those who wait with it. */
const MOST_REMOVED = 20;

export function userChanger(
  connections: Connections,
  table: ResourceTable,
  types: ResourceTypes,
  activity: ActivityLog,
): UserStore['change'] {
  const current = currentUsers(searchContext(postgresDialect, 'User', types.user));
  const statements = new UserStatements(activity);

  const read = async (queries: Queries, { tenant, integrationId }: Scope, ids: string[]) => {
    const rows = await queries.all(current, { tenant, integrationId, ids });
    return new Map(
      rows.map((row) => {
        const record = resourceOf(row);
        const user = row.memberships === 0 ? { ...record, groups: [] } : record;
        return [row.id, { user, isLinked: row.isLinked === true }];
      }),
    );
  };

  /** Throws what `decide` throws, and notFound. */
  const decided = (asked: Asked, found: CurrentUser | undefined): Decided => {
    const { author, id, decide, at } = asked;
    if (found === undefined) throw notFound('User', id);
    const { user } = found;
    const { version, created, lastModified } = user;
    const before = user.profile.attributes;
    const attributes = decide(user);
    if (sameValue(attributes, before))
      return { ...found, profile: user.profile, change: undefined };
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      before,
      after: attributes,
      version: version + 1,
      at: Math.max(at, lastModified),
    }));
    const change = {
      id,
      version,
      created,
      userId: globalUserId(key),
      key,
      isRenamed: key !== foldedName('User', before),
      isOtherPerson: isOtherPerson(before, attributes),
      json: profile.json,
      document,
      active,
      externalId: profile.externalId,
      isLinked: found.isLinked && profile.externalId === user.profile.externalId,
      ...lookupChange(before, attributes),
      counts: countsOf(before, attributes),
      at,
      entry,
    };
    return { ...found, profile, change };
  };

  /** Returns the users that were written, by their ids. */
  const write = async (
    queries: Queries,
    { tenant, integrationId }: Scope,
    all: readonly Decided[],
  ): Promise<ReadonlyMap<string, UserRecord>> => {
    const changes = all
      .flatMap(({ change }) => change ?? [])
      .toSorted((one, other) => (one.id < other.id ? -1 : 1));
    if (changes.length === 0) return new Map();
    const input = { tenant, integrationId, changes, slot: counterSlot() };
    const ends = changes.some((change) => change.isOtherPerson);
    const [rows = []] = await queries.together<WrittenUser>([
      { template: statements.change(changes), input },
      ...(ends ? [{ template: ENDED_SESSIONS, input }] : []),
    ]);
    const written = new Map(rows.map((row) => [row.id, row]));
    return new Map(
      all.flatMap(({ user, profile }) => {
        const row = written.get(user.id);
        return row === undefined ? [] : [[user.id, { ...user, profile, ...row }]];
      }),
    );
  };

  /** Neither waits for a row nor renames anybody: that is left to `alone`. */
  const together = async (asked: readonly Asked[]): Promise<PromiseSettledResult<Outcome>[]> => {
    const author = asked[0]?.author;
    if (author === undefined) return [];
    const found = await read(
      connections,
      author,
      asked.map(({ id }) => id),
    );
    const all = asked.map((each) => settled(() => decided(each, found.get(each.id))));
    const changes = all.flatMap((each) =>
      each.status === 'fulfilled' && isForBatch(each.value) ? [each.value] : [],
    );
    const users = await write(connections, author, changes);
    return all.map((each) =>
      each.status === 'rejected' ? each : settled(() => outcomeOf(each.value, users)),
    );
  };

  const addPerson = (key: string, at: number) =>
    connections.run(ADD_PERSONS, { persons: [{ userId: globalUserId(key), key }], at });

  /** Locks the row first, and waits for it. Throws uniqueness if another user has the name. */
  const alone = async (asked: Asked, renamedTo: string | undefined): Promise<Done> => {
    const { author, id, at } = asked;
    const people = new Set<string>();
    for (let person = renamedTo; ; ) {
      if (person !== undefined) await addPerson(person, at);
      if (person !== undefined) people.add(person);
      const done = await connections.transaction(async (queries) => {
        await table.lock(queries, author.tenant, id, sql`FOR UPDATE`);
        const changed = decided(asked, (await read(queries, author, [id])).get(id));
        const { user, isLinked, change } = changed;
        if (change === undefined) {
          if (!isLinked) await table.link(queries, author, id);
          return { user, entry: undefined };
        }
        if (change.isRenamed && !people.has(change.key)) return change.key;
        const written = (await refuseTaken('User', write(queries, author, [changed]))).get(id);
        if (written === undefined) throw new Error('a locked row has changed');
        return { user: written, entry: change.entry };
      });
      if (typeof done !== 'string') return done;
      person = done;
    }
  };

  const batches = new Batches<Asked, Outcome>(
    (_, asked) => connections.writing(asked[0]?.id ?? '', () => together(asked)),
    { isOfOne: isOfStatement, subjectOf: ({ id }) => id },
  );
  return async (author, id, decide, at) => {
    const asked = { author, id, decide, at };
    const outcome = await batches.add(`${author.tenant} ${author.integrationId}`, asked);
    const { user, entry } =
      'user' in outcome
        ? outcome
        : await connections.writing(id, () => alone(asked, outcome.renamedTo));
    activity.committed(entry);
    return user;
  };
}

interface Asked {
  readonly author: Author;
  readonly id: string;
  readonly decide: Decide<UserRecord>;
  readonly at: number;
}

interface CurrentUser {
  readonly user: UserRecord;
  /** Whether the integration provisions the user. */
  readonly isLinked: boolean;
}

/** The current user, and how it is to be changed unless nothing differs. */
interface Decided extends CurrentUser {
  readonly change: UserChange | undefined;
  /** After the change. */
  readonly profile: StoredProfile;
}

/** The user after a change, and its entry in the activity log unless nothing changed. */
interface Done {
  readonly user: UserRecord;
  readonly entry: ActivityRow | undefined;
}

/** The change has to be made alone, by which the user may get another name. */
interface Undone {
  readonly renamedTo: string | undefined;
}

type Outcome = Done | Undone;

function isForBatch({ change }: Decided): boolean {
  return change !== undefined && !change.isRenamed && change.removed.length <= MOST_REMOVED;
}

/** `users` were written. */
function outcomeOf(
  { user, isLinked, change }: Decided,
  users: ReadonlyMap<string, UserRecord>,
): Outcome {
  if (change === undefined) return isLinked ? { user, entry: undefined } : { renamedTo: undefined };
  const written = users.get(user.id);
  if (written !== undefined) return { user: written, entry: change.entry };
  return { renamedTo: change.isRenamed ? change.key : undefined };
}

function settled<T>(make: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: make() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

/** By how much a change of a user changes the counters of the tenant. */
function countsOf(before: Attributes, after: Attributes): CounterChange[] {
  if (!isOtherSubject(before, after)) return [];
  const by = inactiveChange(before, after);
  const changes = [{ name: USER_CHANGES, by: 1 }];
  return by === 0 ? changes : [{ name: INACTIVE_USERS, by }, ...changes];
}
