/** Groups on SQLite. */
import { sql } from 'drizzle-orm';
import { MEMBERS_AT_ONCE } from '../../scim/member-lists.ts';
import { type MemberChange, sizeOf } from '../../scim/members.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { combined, isMoved } from '../sql/log/change.ts';
import { columns, named } from '../sql/names.ts';
import { MEMBERS_OF_GROUPS } from '../sql/related/members-of-groups.ts';
import { GROUP_COLUMNS, rowOf, searchContext, TOTALS } from '../sql/resource-key.ts';
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
import type { ActivityLog, Notes } from './log/activity-log.ts';
import { groupMembers, groups } from './schema.ts';
import { leaveAllGroups, type MembersChanged, Memberships } from './writes/memberships.ts';
import { prepared } from './writes/prepared.ts';
import { ResourceRows } from './writes/resource-rows.ts';

const g = named(groups);
const m = named(groupMembers);
const INSERTED = columns(g, ...GROUP_COLUMNS);

export function createGroupStore(
  { write, reader }: Connections,
  types: ResourceTypes,
  activity: ActivityLog,
): GroupStore {
  const rows = new ResourceRows(write, 'Group');
  const memberships = new Memberships(write);
  const statements = prepareStatements(write);
  const context = searchContext(sqliteDialect, 'Group', types.group);
  const reads = resourceStatements(context, compose, MEMBERS_OF_GROUPS);

  function* create(
    notes: Notes,
    author: Author,
    { id, attributes, members, at }: NewGroup,
  ): Generator<void, GroupChangeResult> {
    const { tenant } = author;
    const { profile, key, document } = rowOf('Group', types.group, attributes);
    refuseTaken('Group', () =>
      statements.insert.run(tenant, id, key, document, profile.json, at, at),
    );
    rows.link(author, id, profile.externalId);
    notes.count(tenant, TOTALS.Group, 1);
    const all: MemberChange = { kind: 'add', values: members };
    const { unknown, ...joined } = yield* memberships.change(tenant, id, all);
    const moved = { members: joined };
    notes.log(author, () => ({ type: 'Group', id, after: attributes, version: 1, at, moved }));
    const group = { id, profile, version: 1, created: at, lastModified: at };
    return { group, unknownMembers: unknown };
  }

  function* change(
    notes: Notes,
    author: Author,
    id: string,
    decide: Decide<GroupRecord> | undefined,
    members: readonly MemberChange[],
    at: number,
  ): Generator<void, GroupChangeResult> {
    const { tenant } = author;
    const current = rows.require(author, id);
    const { record } = current;
    const before = record.profile.attributes;
    const attributes = decide === undefined ? before : decide(record);
    const results: MembersChanged[] = [];
    for (const each of members) results.push(yield* memberships.change(tenant, id, each));
    const unknownMembers = results.flatMap(({ unknown }) => unknown);
    const same = sameValue(attributes, before);
    const moved = { members: combined(results) };
    if (same && !isMoved(moved)) {
      rows.relink(author, current);
      return { group: record, unknownMembers };
    }
    const version = record.version + 1;
    const lastModified = Math.max(at, record.lastModified);
    let { profile } = record;
    if (same) {
      statements.touch.run(version, lastModified, tenant, id);
    } else {
      const row = rowOf('Group', types.group, attributes);
      profile = row.profile;
      refuseTaken('Group', () =>
        statements.update.run(
          row.key,
          row.document,
          profile.json,
          version,
          lastModified,
          tenant,
          id,
        ),
      );
    }
    rows.relink(author, current, profile);
    notes.log(author, () => ({
      type: 'Group',
      id,
      before,
      after: attributes,
      version,
      at: lastModified,
      moved,
    }));
    return { group: { ...record, profile, version, lastModified }, unknownMembers };
  }

  const isLong = ({ tenant }: Author, id: string, changes: readonly MemberChange[]): boolean =>
    sizeOf(changes) > MEMBERS_AT_ONCE ||
    changes.some(({ kind }) => kind === 'replace' && memberships.isLarge(tenant, id));

  return {
    create: (author, group) =>
      activity.writingInParts(
        (notes) => create(notes, author, group),
        group.members.length > MEMBERS_AT_ONCE,
      ),
    ...readsOf(reads, MEMBERS_OF_GROUPS, reader),
    change: (author, id, decide, members, at) =>
      activity.writingInParts(
        (notes) => change(notes, author, id, decide, members, at),
        isLong(author, id, members),
      ),
    delete: (author, id, check, at) =>
      activity.writing((notes) => {
        const { record } = rows.require(author, id);
        check(record);
        deleteGroup(write, rows, notes, author, record, at);
      }),
  };
}

/** Inside a write. */
export function deleteGroup(
  write: SqliteConnection,
  rows: ResourceRows,
  notes: Notes,
  author: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): void {
  const { tenant } = author;
  write.run(sql`DELETE FROM ${g.table} WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}`);
  const members = write.all<{ id: string }>(
    sql`
      DELETE FROM ${m.table}
      WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${id}
      RETURNING ${m.memberId} AS id
    `,
  );
  const left = leaveAllGroups(write, tenant, id, at);
  rows.unlink(tenant, id);
  notes.count(tenant, TOTALS.Group, -1);
  notes.log(author, () => ({
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

function prepareStatements(write: SqliteConnection) {
  const ofGroup = sql`WHERE ${g.tenant} = +? AND ${g.id} = +?`;
  return {
    insert: prepared<
      [
        tenant: string,
        id: string,
        key: string,
        document: string,
        json: string,
        created: number,
        lastModified: number,
      ]
    >(write, sql`INSERT INTO ${g.table} (${INSERTED}) VALUES (?, ?, ?, jsonb(?), ?, 1, ?, ?)`),
    update: prepared<
      [
        key: string,
        document: string,
        json: string,
        version: number,
        lastModified: number,
        tenant: string,
        id: string,
      ]
    >(
      write,
      sql`
        UPDATE ${g.table}
        SET ${g.displayNameKey} = ?, ${g.document} = jsonb(?), ${g.attributes} = ?,
          ${g.version} = ?, ${g.lastModified} = ?
        ${ofGroup}
      `,
    ),
    touch: prepared<[version: number, lastModified: number, tenant: string, id: string]>(
      write,
      sql`UPDATE ${g.table} SET ${g.version} = ?, ${g.lastModified} = ? ${ofGroup}`,
    ),
  };
}
