/** Which group the list of users is limited to. */
import type { GroupReference, PeopleStore } from '../../directory/store/people.ts';
import { fold } from '../../scim/text.ts';
import type { UsersQuery } from './query.ts';

/** Groups that are offered. */
const OFFERED = 10;

export interface GroupChoice {
  /** Whether the address asks for a group. */
  readonly asked: boolean;
  /** Undefined if no group was asked for, or none is certainly meant. */
  readonly group: GroupReference | undefined;
  /** Some of those that the name may mean, or of all groups without a name. */
  readonly offered: readonly GroupReference[];
  readonly more: boolean;
}

/** Without the permission to list groups, none exists. */
export const noChoice = ({ groupId, groupName }: UsersQuery): GroupChoice => ({
  asked: groupId !== undefined || groupName !== undefined,
  group: undefined,
  offered: [],
  more: false,
});

/**
 * A name means the group of this name, or the only one whose name begins with it. It counts more
 * than an id, because it was entered later.
 */
export async function chooseGroup(
  people: Pick<PeopleStore, 'group' | 'searchGroups'>,
  tenant: string,
  query: UsersQuery,
): Promise<GroupChoice> {
  const { groupId, groupName: text } = query;
  const [byId, { groups, next }] = await Promise.all([
    groupId === undefined || text !== undefined ? undefined : people.group(tenant, groupId),
    people.searchGroups(tenant, { text, limit: OFFERED }),
  ]);
  const [first] = groups;
  const isMeant = groups.length === 1 || fold(first?.displayName ?? '') === fold(text ?? '');
  const group = text === undefined ? byId : isMeant ? first : undefined;
  return { ...noChoice(query), group, offered: groups, more: next !== undefined };
}
