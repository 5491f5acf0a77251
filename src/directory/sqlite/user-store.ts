/** Users on SQLite: global users, and their access to tenants. */
import { and, eq, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { globalUserId } from '../ids.ts';
import { named } from '../sql/names.ts';
import { forgottenIdentity } from '../sql/people/identities.ts';
import { endedSessions } from '../sql/people/sessions.ts';
import { GROUPS_OF_USERS, knownUsers, type RelatedInput } from '../sql/related.ts';
import {
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
import { type Connections, compose, parameter, type SqliteConnection } from './connections.ts';
import { sqliteDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import type { ActivityLog, Log } from './log/activity-log.ts';
import { leaveAllGroups } from './memberships.ts';
import { ResourceTable } from './resource-table.ts';
import { access, users } from './schema.ts';

const ROW = named(access);
const { tables } = sqliteDialect;

export function createUserStore(
  { write, read, reading, reader }: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
): UserStore {
  const table = new ResourceTable(write, 'User', types.user);
  const context = searchContext(sqliteDialect, 'User', types.user);
  const statements = resourceStatements(context, compose, GROUPS_OF_USERS);
  const known = template(compose, (input: Slots<RelatedInput>) => knownUsers(sqliteDialect, input));
  const rows = prepareRows(write);

  const create = (log: Log, scope: Author, { id, attributes, at }: NewResource): UserRecord => {
    const { profile, key } = rowOf('User', attributes);
    const userId = globalUserId(key);
    rows.addUser.run({ id: userId, key, at });
    refuseTaken('User', () =>
      rows.insert.run({ tenant: scope.tenant, id, userId, key, json: profile.json, at }),
    );
    table.setExternalId(scope, id, profile.externalId);
    table.index(scope.tenant, id, attributes);
    table.indexValues(scope.tenant, id, undefined, attributes);
    table.addToCount(scope.tenant, 1);
    if (attributes.active !== true) table.addInactive(scope.tenant, 1);
    log(scope, () => ({ type: 'User', id, after: attributes, version: 1, at }));
    return { id, profile, version: 1, created: at, lastModified: at };
  };

  const change = (
    log: Log,
    scope: Author,
    id: string,
    decide: Decide<UserRecord>,
    at: number,
  ): UserRecord => {
    const { tenant } = scope;
    const current = table.require(scope, id);
    const before = current.profile.attributes;
    const attributes = decide(current);
    table.link(scope, id);
    if (sameValue(attributes, before)) return current;
    const { profile, key } = rowOf('User', attributes);
    const userId = globalUserId(key);
    const version = current.version + 1;
    const lastModified = Math.max(at, current.lastModified);
    rows.addUser.run({ id: userId, key, at });
    refuseTaken('User', () =>
      rows.update.run({ tenant, id, userId, key, json: profile.json, version, lastModified }),
    );
    table.setExternalId(scope, id, profile.externalId);
    table.index(tenant, id, attributes);
    table.indexValues(tenant, id, before, attributes);
    if (isOtherSubject(before, attributes)) {
      table.noteUserChange(tenant);
      table.addInactive(tenant, inactiveChange(before, attributes));
    }
    if (isOtherPerson(before, attributes)) write.run(endedSessions(tables, tenant, id));
    log(scope, () => ({ type: 'User', id, before, after: attributes, version, at: lastModified }));
    return { ...current, profile, version, lastModified };
  };

  return {
    create: (scope, user) => activity.writing((log) => create(log, scope, user)),
    ...readsOf(statements, GROUPS_OF_USERS, reader),
    known: (tenant, ids) =>
      reading(() => {
        const rows = read.all(known, { tenant, ids });
        return new Set(rows.map(({ id }) => id));
      }),
    change: (scope, id, decide, at) =>
      activity.writing((log) => change(log, scope, id, decide, at)),
    delete: (scope, id, check, at) =>
      activity.writing((log) => {
        const current = table.require(scope, id);
        check(current);
        deleteUser(write, table, log, scope, current, at);
      }),
  };
}

/** Deletes the tenant's access, inside a write; the global user stays. */
export function deleteUser(
  write: SqliteConnection,
  table: ResourceTable,
  log: Log,
  scope: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): void {
  const { tenant } = scope;
  const before = profile.attributes;
  write.run(sql`DELETE FROM ${ROW.table} WHERE ${ROW.tenant} = ${tenant} AND ${ROW.id} = ${id}`);
  if (before.active !== true) table.addInactive(tenant, -1);
  write.run(endedSessions(tables, tenant, id));
  write.run(forgottenIdentity(tables, tenant, id));
  const removed = leaveAllGroups(write, tenant, id, at);
  table.indexValues(tenant, id, before, undefined);
  table.forget(tenant, id);
  const moved = { groups: { added: [], removed } };
  log(scope, () => ({
    type: 'User',
    id,
    before,
    version,
    at: Math.max(at, lastModified),
    moved,
  }));
}

function prepareRows({ orm }: SqliteConnection) {
  const at = sql.placeholder('at');
  const place = {
    userId: sql.placeholder('userId'),
    userNameKey: sql.placeholder('key'),
    attributes: sql`${sql.placeholder('json')}`,
  };
  return {
    addUser: orm
      .insert(users)
      .values({ id: sql.placeholder('id'), userNameKey: sql.placeholder('key'), created: at })
      .onConflictDoNothing()
      .prepare(),
    insert: orm
      .insert(access)
      .values({
        tenant: sql.placeholder('tenant'),
        id: sql.placeholder('id'),
        ...place,
        version: 1,
        created: at,
        lastModified: at,
      })
      .prepare(),
    update: orm
      .update(access)
      .set({
        userId: sql`${sql.placeholder('userId')}`,
        userNameKey: sql`${sql.placeholder('key')}`,
        attributes: sql`${sql.placeholder('json')}`,
        version: sql`${sql.placeholder('version')}`,
        lastModified: sql`${sql.placeholder('lastModified')}`,
      })
      .where(and(eq(access.tenant, parameter('tenant')), eq(access.id, parameter('id'))))
      .prepare(),
  };
}
