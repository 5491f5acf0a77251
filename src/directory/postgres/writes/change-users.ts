/**
 * The usual change of a group on PostgreSQL: users join and leave by id. It is one statement, which
 * member-statements.ts composes.
 */
import type { MemberChange } from '../../../scim/members.ts';
import type { Attributes } from '../../../scim/resource.ts';
import { resourceOf } from '../../sql/lists.ts';
import type { ActivityRow } from '../../sql/log/rows.ts';
import { shownName } from '../../sql/resource-key.ts';
import type { Author, GroupChangeResult } from '../../store/resources.ts';
import type { Queries } from '../connection/connections.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import type { DeltaRow, MemberStatements } from './member-statements.ts';
import type { Delta } from './move-forms.ts';

/**
 * The changes as one, if all of them are by id and their order makes no difference; undefined
 * otherwise.
 */
export function deltaOf(changes: readonly MemberChange[]): Delta | undefined {
  const add = new Set<string>();
  const remove = new Set<string>();
  for (const change of changes) {
    if (change.kind !== 'add' && change.kind !== 'remove') return undefined;
    for (const id of change.values) (change.kind === 'add' ? add : remove).add(id);
  }
  return [...add].every((id) => !remove.has(id))
    ? { add: [...add], remove: [...remove] }
    : undefined;
}

/** The group after a change, and its entry in the activity log unless nothing changed. */
export interface Changed {
  readonly result: GroupChangeResult;
  readonly entry: ActivityRow | undefined;
}

/** Stands for attributes that the statement reads. */
const UNREAD: Attributes = {};

/**
 * Adds users and removes members. That the statement doesn't see what was committed while it waited
 * makes no difference to an addition, because adding a member twice changes nothing; a removal of a
 * member that it hasn't seen is left alone. Returns undefined, and changes nothing, in that case, if
 * there is no such group, and if a group is to be added.
 */
export async function changeUsers(
  queries: Queries,
  statements: MemberStatements,
  activity: ActivityLog,
  author: Author,
  id: string,
  delta: Delta,
  at: number,
): Promise<Changed | undefined> {
  const entry = entryOfMove(activity, author, id, at);
  const { tenant, integrationId } = author;
  const input = { tenant, integrationId, id, ...delta, at, entry };
  const [row] = await queries.all(statements.change(delta), input);
  return row && changedBy(row, entry);
}

/** The entry of a change of members, of which the statement knows more. */
export const entryOfMove = (activity: ActivityLog, author: Author, id: string, at: number) =>
  activity.rowOf(author, () => ({
    type: 'Group',
    id,
    before: UNREAD,
    after: UNREAD,
    version: 0,
    at,
  }));

/** What a row of a statement that changes members tells. */
export function changedBy(
  { unknown, moved, isChanged, ...record }: DeltaRow,
  entry: ActivityRow | undefined,
): Changed {
  const group = resourceOf(record);
  const { version, lastModified } = group;
  const resourceName = shownName('Group', group.profile.attributes);
  return {
    result: { group, unknownMembers: unknown },
    entry:
      entry && isChanged ? { ...entry, resourceName, version, at: lastModified, moved } : undefined,
  };
}
