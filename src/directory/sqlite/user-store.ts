/** Users on SQLite: global users, and their access to tenants. */
import { sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { globalUserId } from '../ids.ts';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import { columns, named } from '../sql/names.ts';
import { forgottenIdentity } from '../sql/people/identities.ts';
import { endedSessions } from '../sql/people/sessions.ts';
import { GROUPS_OF_USERS } from '../sql/related/groups-of-users.ts';
import { isAnyNested } from '../sql/related/related.ts';
import {
  foldedName,
  INACTIVE_USERS,
  inactiveChange,
  isOtherPerson,
  isOtherSubject,
  rowOf,
  searchContext,
  TOTALS,
  USER_COLUMNS,
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
import { type Connections, compose, type SqliteConnection } from './connections.ts';
import { sqliteDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import type { ActivityLog, Notes } from './log/activity-log.ts';
import { access, users } from './schema.ts';
import { leaveAllGroups } from './writes/memberships.ts';
import { prepared } from './writes/prepared.ts';
import { ResourceRows } from './writes/resource-rows.ts';

const a = named(access);
const u = named(users);
const { tables } = sqliteDialect;
const INSERTED = columns(a, ...USER_COLUMNS);

/** Groups that are read with a change. Other requests wait meanwhile, for all changes of a turn. */
const FEW_GROUPS = 20;

interface OneInput {
  readonly tenant: string;
  readonly id: string;
}

export function createUserStore(
  { write, reader }: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
): UserStore {
  const rows = new ResourceRows(write, 'User');
  const statements = prepareStatements(write);
  const context = searchContext(sqliteDialect, 'User', types.user);
  const reads = resourceStatements(context, compose, GROUPS_OF_USERS);
  const groups = template(compose, ({ tenant, id }: Slots<OneInput>) =>
    GROUPS_OF_USERS.selectFlat(sqliteDialect, tenant, id, FEW_GROUPS + 1),
  );

  const sessionsOf = template(compose, ({ tenant, id }: Slots<OneInput>) =>
    endedSessions(tables, tenant, id),
  );

  const create = (
    notes: Notes,
    author: Author,
    { id, attributes, at }: NewResource,
  ): UserRecord => {
    const { tenant } = author;
    const { profile, key, document, active } = rowOf('User', types.user, attributes);
    const userId = globalUserId(key);
    // First, because it may be refused; see WriteTransactions.
    refuseTaken('User', () =>
      statements.insert.run(
        tenant,
        id,
        userId,
        key,
        Number(active),
        document,
        profile.json,
        at,
        at,
      ),
    );
    statements.addUser.run(userId, key, at);
    rows.link(author, id, profile.externalId);
    rows.indexValues(tenant, id, undefined, attributes);
    notes.count(tenant, TOTALS.User, 1);
    if (!active) notes.count(tenant, INACTIVE_USERS, 1);
    notes.log(author, () => ({ type: 'User', id, after: attributes, version: 1, at }));
    return { id, profile, version: 1, created: at, lastModified: at };
  };

  const change = (
    notes: Notes,
    author: Author,
    id: string,
    decide: Decide<UserRecord>,
    at: number,
  ): UserRecord => {
    const { tenant } = author;
    const current = rows.require(author, id);
    const { record } = current;
    const before = record.profile.attributes;
    const attributes = decide(record);
    if (sameValue(attributes, before)) {
      rows.relink(author, current);
      return record;
    }
    const { profile, key, document, active } = rowOf('User', types.user, attributes);
    const version = record.version + 1;
    const lastModified = Math.max(at, record.lastModified);
    const row = [
      Number(active),
      document,
      profile.json,
      version,
      lastModified,
      tenant,
      id,
    ] as const;
    if (key === foldedName('User', before)) {
      statements.update.run(...row);
    } else {
      const userId = globalUserId(key);
      refuseTaken('User', () => statements.rename.run(userId, key, ...row));
      statements.addUser.run(userId, key, at);
    }
    rows.relink(author, current, profile);
    rows.indexValues(tenant, id, before, attributes);
    if (isOtherSubject(before, attributes)) {
      notes.count(tenant, USER_CHANGES, 1);
      notes.count(tenant, INACTIVE_USERS, inactiveChange(before, attributes));
    }
    if (isOtherPerson(before, attributes)) write.run(sessionsOf, { tenant, id });
    notes.log(author, () => ({
      type: 'User',
      id,
      before,
      after: attributes,
      version,
      at: lastModified,
    }));
    return { ...record, profile, version, lastModified };
  };

  /**
   * Unless the groups are many, or one is in another one. A read would have to find its pages anew,
   * because its connection has not written them.
   */
  const withGroups = (tenant: string, record: UserRecord): UserRecord => {
    if (record.groups !== undefined) return record;
    const found = write.all(groups, { tenant, id: record.id });
    const isMore = found.length > FEW_GROUPS || isAnyNested(found);
    return isMore ? record : (GROUPS_OF_USERS.attach([record], found)[0] ?? record);
  };

  return {
    create: (author, user) => activity.writing((notes) => create(notes, author, user)),
    ...readsOf(reads, GROUPS_OF_USERS, reader),
    change: (author, id, decide, at, related = false) =>
      activity.writing((notes) => {
        const changed = change(notes, author, id, decide, at);
        return related ? withGroups(author.tenant, changed) : changed;
      }),
    delete: (author, id, check, at) =>
      activity.writing((notes) => {
        const { record } = rows.require(author, id);
        check(record);
        deleteUser(write, rows, notes, author, record, at);
      }),
  };
}

/** Deletes the tenant's access, inside a write; the global user stays. */
export function deleteUser(
  write: SqliteConnection,
  rows: ResourceRows,
  notes: Notes,
  author: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): void {
  const { tenant } = author;
  const before = profile.attributes;
  write.run(sql`DELETE FROM ${a.table} WHERE ${a.tenant} = ${tenant} AND ${a.id} = ${id}`);
  write.run(endedSessions(tables, tenant, id));
  write.run(forgottenIdentity(tables, tenant, id));
  const removed = leaveAllGroups(write, tenant, id, at);
  rows.indexValues(tenant, id, before, undefined);
  rows.unlink(tenant, id);
  notes.count(tenant, TOTALS.User, -1);
  if (before.active !== true) notes.count(tenant, INACTIVE_USERS, -1);
  const moved = { groups: { added: [], removed } };
  notes.log(author, () => ({
    type: 'User',
    id,
    before,
    version,
    at: Math.max(at, lastModified),
    moved,
  }));
}

/** What a change writes of a row, and the row. */
type Changed = [
  active: number,
  document: string,
  json: string,
  version: number,
  lastModified: number,
  tenant: string,
  id: string,
];

function prepareStatements(write: SqliteConnection) {
  const changed = sql`
    ${a.active} = ?, ${a.document} = jsonb(?), ${a.attributes} = ?, ${a.version} = ?,
    ${a.lastModified} = ?
    WHERE ${a.tenant} = +? AND ${a.id} = +?
  `;
  return {
    addUser: prepared<[id: string, key: string, at: number]>(
      write,
      sql`
        INSERT INTO ${u.table} (${columns(u, 'id', 'userNameKey', 'created')})
        VALUES (?, ?, ?)
        ON CONFLICT DO NOTHING
      `,
    ),
    insert: prepared<
      [
        tenant: string,
        id: string,
        userId: string,
        key: string,
        active: number,
        document: string,
        json: string,
        created: number,
        lastModified: number,
      ]
    >(
      write,
      sql`INSERT INTO ${a.table} (${INSERTED}) VALUES (?, ?, ?, ?, ?, jsonb(?), ?, 1, ?, ?)`,
    ),
    // A column of an index that is set has a price, even if it stays the same.
    update: prepared<Changed>(write, sql`UPDATE ${a.table} SET ${changed}`),
    rename: prepared<[userId: string, key: string, ...Changed]>(
      write,
      sql`UPDATE ${a.table} SET ${a.userId} = ?, ${a.userNameKey} = ?, ${changed}`,
    ),
  };
}
