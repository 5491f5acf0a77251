/** Groups on SQLite. */
import { sql } from 'drizzle-orm';
import type { MemberChange } from '../../scim/members.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { combined } from '../sql/log/change.ts';
import { columns, named } from '../sql/names.ts';
import { MEMBERS_OF_GROUPS } from '../sql/related.ts';
import { rowOf, searchContext } from '../sql/resource-key.ts';
import { readsOf } from '../sql/search/reads.ts';
import { resourceStatements } from '../sql/search/resource-statements.ts';
import type {
  Author,
  Decide,
  GroupChangeResult,
  GroupRecord,
  GroupStore,
  NewGroup,
  StoredResource,
} from '../store/resources.ts';
import { type Connections, compose, type SqliteConnection } from './connections.ts';
import { sqliteDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import type { ActivityLog, Log } from './log/activity-log.ts';
import { changeMembers, leaveAllGroups } from './memberships.ts';
import { ResourceTable } from './resource-table.ts';
import { groupMembers, groups } from './schema.ts';

const g = named(groups);
const m = named(groupMembers);
const INSERTED = columns(
  g,
  'tenant',
  'id',
  'displayNameKey',
  'attributes',
  'version',
  'created',
  'lastModified',
);

export function createGroupStore(
  { write, reader }: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
): GroupStore {
  const table = new ResourceTable(write, 'Group', types.group);
  const context = searchContext(sqliteDialect, 'Group', types.group);
  const statements = resourceStatements(context, compose, MEMBERS_OF_GROUPS);

  const create = (
    log: Log,
    scope: Author,
    { id, attributes, members, at }: NewGroup,
  ): GroupChangeResult => {
    const { profile, key } = rowOf('Group', attributes);
    refuseTaken('Group', () =>
      write.run(
        sql`
          INSERT INTO ${g.table} (${INSERTED})
          VALUES (${scope.tenant}, ${id}, ${key}, ${profile.json}, 1, ${at}, ${at})
        `,
      ),
    );
    table.setExternalId(scope, id, profile.externalId);
    table.index(scope.tenant, id, attributes);
    table.addToCount(scope.tenant, 1);
    const all: MemberChange = { kind: 'add', values: members };
    const { unknown, ...joined } = changeMembers(write, scope.tenant, id, all);
    const moved = { members: joined };
    log(scope, () => ({ type: 'Group', id, after: attributes, version: 1, at, moved }));
    const group = { id, profile, version: 1, created: at, lastModified: at };
    return { group, unknownMembers: unknown };
  };

  const change = (
    log: Log,
    scope: Author,
    id: string,
    decide: Decide<GroupRecord> | undefined,
    members: readonly MemberChange[],
    at: number,
  ): GroupChangeResult => {
    const { tenant } = scope;
    const current = table.require(scope, id);
    const before = current.profile.attributes;
    const attributes = decide === undefined ? before : decide(current);
    const results = members.map((each) => changeMembers(write, tenant, id, each));
    const unknownMembers = results.flatMap(({ unknown }) => unknown);
    table.link(scope, id);
    const same = sameValue(attributes, before);
    const isMoved = results.some(({ added, removed }) => added.length + removed.length > 0);
    if (same && !isMoved) return { group: current, unknownMembers };
    const version = current.version + 1;
    const lastModified = Math.max(at, current.lastModified);
    let { profile } = current;
    if (same) {
      write.run(
        sql`
          UPDATE ${g.table}
          SET ${g.version} = ${version}, ${g.lastModified} = ${lastModified}
          WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}
        `,
      );
    } else {
      const row = rowOf('Group', attributes);
      profile = row.profile;
      refuseTaken('Group', () =>
        write.run(
          sql`
            UPDATE ${g.table}
            SET ${g.displayNameKey} = ${row.key}, ${g.attributes} = ${profile.json},
              ${g.version} = ${version}, ${g.lastModified} = ${lastModified}
            WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}
          `,
        ),
      );
      table.setExternalId(scope, id, profile.externalId);
      table.index(tenant, id, attributes);
    }
    log(scope, () => ({
      type: 'Group',
      id,
      before,
      after: attributes,
      version,
      at: lastModified,
      moved: { members: combined(results) },
    }));
    return { group: { ...current, profile, version, lastModified }, unknownMembers };
  };

  return {
    create: (scope, group) => activity.writing((log) => create(log, scope, group)),
    ...readsOf(statements, MEMBERS_OF_GROUPS, reader),
    change: (scope, id, decide, members, at) =>
      activity.writing((log) => change(log, scope, id, decide, members, at)),
    delete: (scope, id, check, at) =>
      activity.writing((log) => {
        const current = table.require(scope, id);
        check(current);
        deleteGroup(write, table, log, scope, current, at);
      }),
  };
}

/** Inside a write. */
export function deleteGroup(
  write: SqliteConnection,
  table: ResourceTable,
  log: Log,
  scope: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): void {
  const { tenant } = scope;
  write.run(sql`DELETE FROM ${g.table} WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}`);
  const members = write.all<{ id: string }>(
    sql`
      DELETE FROM ${m.table}
      WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${id}
      RETURNING ${m.memberId} AS id
    `,
  );
  const left = leaveAllGroups(write, tenant, id, at);
  table.forget(tenant, id);
  log(scope, () => ({
    type: 'Group',
    id,
    before: profile.attributes,
    version,
    at: Math.max(at, lastModified),
    moved: {
      members: { added: [], removed: members.map((member) => member.id) },
      groups: { added: [], removed: left },
    },
  }));
}
