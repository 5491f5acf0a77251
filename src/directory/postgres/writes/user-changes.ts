/**
 * Changes users on PostgreSQL. Those that an integration changes at the same time are read by one
 * statement and written by another one, which doesn't wait for the row of a user.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../../scim/resource-types.ts';
import { globalUserId } from '../../ids.ts';
import { isComplete, resourceOf } from '../../sql/lists.ts';
import type { ActivityRow } from '../../sql/log/rows.ts';
import { searchContext } from '../../sql/resource-key.ts';
import type { Scope, UserRecord, UserStore } from '../../store/resources.ts';
import { Batches, GATHER_MS, MOST_TEXT } from '../connection/batches.ts';
import type { Connections, Queries } from '../connection/connections.ts';
import { postgresDialect } from '../dialect.ts';
import { isLockTimeout, isOfStatement, refuseTaken } from '../errors.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import type { ResourceTable } from '../resource-table.ts';
import { ADD_PERSONS } from './creation-statements.ts';
import {
  type AskedChange,
  type CurrentUser,
  changeDecider,
  type Decided,
} from './decided-users.ts';
import { counterSlot } from './dependents.ts';
import {
  currentUsers,
  ENDED_SESSIONS,
  UserStatements,
  type WrittenUser,
} from './user-statements.ts';

/** A user with more values to remove than this would take long for those who wait with it. */
const MOST_REMOVED = 20;

/** Bytes of the JSON of a user who is read with others. */
const READ_TOGETHER = 16 * 1024;
const ANY_SIZE = 2 ** 31 - 1;
/** Stands for a user with more. */
const LARGE = Symbol('large');

type FoundUsers = ReadonlyMap<string, CurrentUser | typeof LARGE>;

const NOBODY: ReadonlyMap<string, UserRecord> = new Map();

export function userChanger(
  connections: Connections,
  table: ResourceTable,
  types: ResourceTypes,
  activity: ActivityLog,
): UserStore['change'] {
  const current = currentUsers(searchContext(postgresDialect, 'User', types.user));
  const statements = new UserStatements(activity);
  const decide = changeDecider(types, activity);

  /** Of a user with more JSON than `most`, it is only known that there is one. */
  const read = async (
    queries: Queries,
    { tenant, integrationId }: Scope,
    ids: readonly string[],
    most: number,
  ): Promise<FoundUsers> => {
    const rows = await queries.all(current, { tenant, integrationId, ids, most });
    const foundOf = (row: (typeof rows)[number]) => {
      if (!isComplete(row)) return LARGE;
      const record = resourceOf(row);
      const user = row.memberships === 0 ? { ...record, groups: [] } : record;
      return { user, isLinked: row.isLinked === true };
    };
    return new Map(rows.map((row) => [row.id, foundOf(row)]));
  };

  const readOne = async (queries: Queries, scope: Scope, id: string) => {
    const found = (await read(queries, scope, [id], ANY_SIZE)).get(id);
    return found === LARGE ? undefined : found;
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

  /**
   * Makes the first of the changes, as many as are quick to decide and to send. A part settles its
   * own changes, because those before it are committed.
   */
  const partOf = async (asked: readonly AskedChange[], found: FoundUsers): Promise<Part> => {
    const [first] = asked;
    if (first === undefined) return { outcomes: [], error: undefined };
    const { author, id } = first;
    const all: PromiseSettledResult<Decided>[] = [];
    const known = found.get(id);
    try {
      const alone = known === LARGE ? await readOne(connections, author, id) : known;
      for (let size = 0; size < MOST_TEXT && all.length < asked.length; ) {
        const each = asked[all.length] ?? first;
        const now = all.length === 0 ? alone : found.get(each.id);
        if (now === LARGE) break;
        const one = settled(() => decide(each, now));
        all.push(one);
        size += sizeOf(one);
      }
    } catch (reason) {
      return { outcomes: [{ status: 'rejected', reason }], error: reason };
    }
    const changes = all.flatMap((each) =>
      each.status === 'fulfilled' && isForBatch(each.value) ? [each.value] : [],
    );
    const settle = (outcome: (decided: Decided) => Outcome) =>
      all.map((each) => (each.status === 'rejected' ? each : settled(() => outcome(each.value))));
    try {
      const users = await write(connections, author, changes);
      return { outcomes: settle((decided) => outcomeOf(decided, users)), error: undefined };
    } catch (error) {
      const isOfOne = changes.length > 1 && isOfStatement(error);
      const outcomes = settle((decided) => {
        if (!isOfOne && isForBatch(decided)) throw error;
        return outcomeOf(decided, NOBODY);
      });
      return { outcomes, error };
    }
  };

  /**
   * Neither waits for the row of a user nor renames anybody: that is left to `alone`. Rejects only
   * if nothing was done.
   */
  const together = async (
    asked: readonly AskedChange[],
  ): Promise<PromiseSettledResult<Outcome>[]> => {
    const author = asked[0]?.author;
    if (author === undefined) return [];
    const ids = asked.map(({ id }) => id);
    const found = await read(connections, author, ids, READ_TOGETHER);
    const outcomes: PromiseSettledResult<Outcome>[] = [];
    for (;;) {
      const part = await partOf(asked.slice(outcomes.length), found);
      outcomes.push(...part.outcomes);
      const left = asked.slice(outcomes.length);
      if (left.length === 0) return outcomes;
      const { error } = part;
      // The others of the batch could wait for as long.
      if (isLockTimeout(error))
        return [...outcomes, ...left.map(() => settled(() => ({ renamedTo: undefined })))];
      if (error !== undefined && !isOfStatement(error))
        return [...outcomes, ...left.map(() => ({ status: 'rejected', reason: error }) as const)];
      await nextTurn();
    }
  };

  const addPerson = (key: string, at: number) =>
    connections.run(ADD_PERSONS, { persons: [{ userId: globalUserId(key), key }], at });

  /** Locks the row first, and waits for it. Throws uniqueness if another user has the name. */
  const alone = async (asked: AskedChange, renamedTo: string | undefined): Promise<Done> => {
    const { author, id, at } = asked;
    const people = new Set<string>();
    for (let person = renamedTo; ; ) {
      if (person !== undefined) await addPerson(person, at);
      if (person !== undefined) people.add(person);
      const done = await connections.transaction(async (queries) => {
        await table.lock(queries, author.tenant, id, sql`FOR UPDATE`);
        const changed = decide(asked, await readOne(queries, author, id));
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

  const batches = new Batches<AskedChange, Outcome>(
    (_, asked) => connections.writing(asked[0]?.id ?? '', () => together(asked)),
    { isOfOne: isOfStatement, subjectOf: ({ id }) => id, gatherMs: GATHER_MS },
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

/** What became of some changes, and why those that follow them are perhaps not to be made. */
interface Part {
  readonly outcomes: readonly PromiseSettledResult<Outcome>[];
  readonly error: unknown;
}

/** How much text of a user was read and is to be sent. */
function sizeOf(decided: PromiseSettledResult<Decided>): number {
  if (decided.status === 'rejected') return 0;
  const { user, change } = decided.value;
  return user.profile.json.length + (change?.json.length ?? 0);
}

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
