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
  people: Pick<PeopleStore, 'group' | 'groupNames'>,
  tenant: string,
  query: UsersQuery,
): Promise<GroupChoice> {
  const { groupId, groupName: text } = query;
  const [byId, groups] = await Promise.all([
    groupId === undefined || text !== undefined ? undefined : people.group(tenant, groupId),
    people.groupNames(tenant, { text, limit: OFFERED + 1 }),
  ]);
  const [first] = groups;
  const isMeant = groups.length === 1 || fold(first?.displayName ?? '') === fold(text ?? '');
  const group = text === undefined ? byId : isMeant ? first : undefined;
  const offered = groups.slice(0, OFFERED);
  return { ...noChoice(query), group, offered, more: groups.length > OFFERED };
}
