/** Reads followed groups, in the same way on both databases. */
import type { SQL } from 'drizzle-orm';
import { fold } from '../../scim/text.ts';
import type { Nameable, NamingRule } from '../kubernetes-names.ts';
import type {
  FollowedGroup,
  GroupSelector,
  MembershipBasis,
  MembershipLimits,
  MembershipReading,
  MembershipStore,
  UserMembership,
} from '../store/followed-groups.ts';
import {
  type Asked,
  countUsersBelow,
  type FoundRow,
  groupsBelow,
  groupsByExternalId,
  groupsByName,
  groupVersions,
  type MembershipDialect,
  userChanges,
  usersBelow,
} from './followed-groups.ts';
import { externalIdsOf, isActiveRow, nameables, type UserRow, userById } from './named-users.ts';
import { GROUPS_OF_USERS } from './related/groups-of-users.ts';
import { oneResource } from './related/related.ts';

/** How many users are read at a time. */
const PAGE = 1_000;

/** Runs statements, each in a snapshot of its own. */
interface MembershipQueries {
  readonly dialect: MembershipDialect;
  all<Row>(statement: SQL<Row>): Promise<Row[]>;
  /** For statements that may be about several tenants. */
  acrossTenants<Row>(statement: SQL<Row>): Promise<Row[]>;
}

export function createMembershipStore(queries: MembershipQueries): MembershipStore {
  return {
    read: (tenant, selector, limits, attribute) =>
      read(queries, tenant, selector, limits, attribute),
    of: (tenant, accessId, attribute) => membershipOf(queries, tenant, accessId, attribute),
    bases: (followed) => bases(queries, followed),
  };
}

/**
 * The basis is read before everything that depends on it. A change in between therefore makes the
 * next basis differ.
 */
async function read(
  queries: MembershipQueries,
  tenant: string,
  selector: GroupSelector,
  limits: MembershipLimits,
  attribute: NamingRule['from'],
): Promise<MembershipReading> {
  const { dialect, all } = queries;
  const changes = await changesIn(queries, [tenant]);
  const found = await foundBy(queries, [{ tenant, selector }]);
  const candidates = found.get(keyOf(askedBy(tenant, selector))) ?? [];
  const [id] = candidates;
  const basis = { found: candidates, versions: {}, userChanges: changes.get(tenant) ?? 0 };
  if (id === undefined || candidates.length > 1) return { basis, members: [] };
  const root = { tenant, value: id };
  const groups = await all(groupsBelow(dialect, root, limits.groups + 1));
  const reading = {
    basis: {
      ...basis,
      versions: Object.fromEntries(groups.map((each) => [each.id, each.version])),
    },
  };
  const group = groups.find((each) => each.id === id);
  // The group has just been deleted.
  if (group === undefined) return { ...reading, members: [] };
  const known = { ...reading, group: { id, displayName: group.displayName } };
  const tooMany = { ...known, members: undefined };
  if (groups.length > limits.groups) return tooMany;
  const bound = limits.members + 1;
  const [counted] = await all(countUsersBelow(dialect, root, bound));
  if ((counted?.total ?? 0) > limits.members) return tooMany;
  return { ...known, members: await activeUsersBelow(queries, root, limits.members, attribute) };
}

/**
 * Reads in pages, so that others get their turn. Returns undefined if there are more than the
 * limit.
 */
async function activeUsersBelow(
  queries: MembershipQueries,
  root: Asked,
  limit: number,
  attribute: NamingRule['from'],
): Promise<readonly Nameable[] | undefined> {
  const { dialect, all } = queries;
  const members: Nameable[] = [];
  let [last, seen] = ['', 0];
  for (;;) {
    const page = await all(usersBelow(dialect, root, last, PAGE));
    seen += page.length;
    if (seen > limit) return undefined;
    const active = page.filter(isActiveRow);
    members.push(...(await nameablesOf(queries, root.tenant, active, attribute)));
    // A short page isn't the end: a user could be left out.
    const end = page.at(-1);
    if (end === undefined) return members;
    last = end.id;
  }
}

async function nameablesOf(
  { dialect, all }: MembershipQueries,
  tenant: string,
  users: readonly UserRow[],
  attribute: NamingRule['from'],
): Promise<readonly Nameable[]> {
  if (attribute !== 'externalId' || users.length === 0) return nameables(users, []);
  const ids = users.map(({ id }) => id);
  return nameables(users, await all(externalIdsOf(dialect, tenant, ids)));
}

async function membershipOf(
  queries: MembershipQueries,
  tenant: string,
  accessId: string,
  attribute: NamingRule['from'],
): Promise<UserMembership | undefined> {
  const { dialect, all } = queries;
  const [user] = await all(userById(dialect, tenant, accessId));
  if (user === undefined) return undefined;
  const [person] = await nameablesOf(queries, tenant, [user], attribute);
  if (person === undefined) return undefined;
  const groups = await all(GROUPS_OF_USERS.select(dialect, tenant, oneResource(accessId)));
  const names = groups.flatMap(({ displayName }) => displayName ?? []);
  return { person, active: isActiveRow(user), groups: names };
}

async function bases(
  queries: MembershipQueries,
  followed: readonly FollowedGroup[],
): Promise<readonly MembershipBasis[]> {
  if (followed.length === 0) return [];
  const changes = await changesIn(
    queries,
    followed.map(({ tenant }) => tenant),
  );
  const found = await foundBy(queries, followed);
  const versions = await versionsOf(queries, followed);
  return followed.map(({ tenant, selector, groupIds }) => ({
    found: found.get(keyOf(askedBy(tenant, selector))) ?? [],
    versions: Object.fromEntries(
      groupIds.flatMap((value) => {
        const version = versions.get(keyOf({ tenant, value }));
        return version === undefined ? [] : [[value, version]];
      }),
    ),
    userChanges: changes.get(tenant) ?? 0,
  }));
}

async function changesIn(
  { dialect, acrossTenants }: MembershipQueries,
  tenants: readonly string[],
) {
  const rows = await acrossTenants(userChanges(dialect, [...new Set(tenants)]));
  return new Map(rows.map(({ tenant, changes }) => [tenant, changes]));
}

async function versionsOf(
  { dialect, acrossTenants }: MembershipQueries,
  followed: readonly FollowedGroup[],
) {
  const asked = unique(
    followed.flatMap(({ tenant, groupIds }) => groupIds.map((value) => ({ tenant, value }))),
  );
  const rows = asked.length === 0 ? [] : await acrossTenants(groupVersions(dialect, asked));
  return new Map(rows.map(({ tenant, id, version }) => [keyOf({ tenant, value: id }), version]));
}

/** Returns the ids of the groups for each selector, in order. */
async function foundBy(
  { dialect, acrossTenants }: MembershipQueries,
  selected: readonly { readonly tenant: string; readonly selector: GroupSelector }[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const asking = (kind: Kind) =>
    unique(
      selected
        .filter(({ selector }) => kind in selector)
        .map(({ tenant, selector }) => askedBy(tenant, selector)),
    );
  const [names, externalIds] = [asking('displayName'), asking('externalId')];
  const byName = names.length === 0 ? [] : await acrossTenants(groupsByName(dialect, names));
  const byExternalId =
    externalIds.length === 0 ? [] : await acrossTenants(groupsByExternalId(dialect, externalIds));
  return new Map([...idsOf(byName, 'displayName'), ...idsOf(byExternalId, 'externalId')]);
}

type Kind = 'displayName' | 'externalId';

/** If a live integration gave the value, only groups of live integrations count. */
function idsOf(rows: readonly FoundRow[], kind: Kind): Map<string, readonly string[]> {
  const byKey = Map.groupBy(rows, ({ tenant, value }) => keyOf({ tenant, value, kind }));
  return new Map(
    [...byKey].map(([key, each]) => {
      const live = each.filter((row) => row.live > 0);
      return [key, (live.length > 0 ? live : each).map(({ id }) => id)];
    }),
  );
}

function askedBy(tenant: string, selector: GroupSelector): Asked & { readonly kind: Kind } {
  return 'displayName' in selector
    ? { tenant, value: fold(selector.displayName), kind: 'displayName' }
    : { tenant, value: selector.externalId, kind: 'externalId' };
}

const keyOf = ({ tenant, value, kind = 'id' }: Asked & { readonly kind?: Kind | 'id' }): string =>
  JSON.stringify([kind, tenant, value]);

function unique<T extends Asked>(asked: readonly T[]): readonly T[] {
  return [...new Map(asked.map((each) => [keyOf(each), each])).values()];
}
