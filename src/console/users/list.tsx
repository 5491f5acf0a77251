/** The list of a tenant's users. */
import type { DirectGroups, PersonSummary } from '../../directory/store/people.ts';
import { Chip, Empty } from '../frame/pieces.tsx';
import { Pager, Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { count, countOf } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import type { NamedIntegration } from '../integrations.ts';
import { Name, plainName } from '../text/names.tsx';
import type { GroupChoice } from './group-choice.ts';
import { DirectGroupsOf, GroupFilter, MeantGroup, OfferedGroups } from './groups.tsx';
import { isNarrowed, type UsersQuery, usersHref } from './query.ts';

interface UsersListProps {
  readonly tenant: string;
  readonly query: UsersQuery;
  readonly users: readonly PersonSummary[];
  /** Where the next page begins. */
  readonly next: string | undefined;
  readonly counts: { readonly active: number; readonly inactive: number };
  readonly integrations: readonly NamedIntegration[];
  readonly choice: GroupChoice;
  /** The groups of each user; undefined without the permission to list groups. */
  readonly groups: ReadonlyMap<string, DirectGroups> | undefined;
  readonly now: number;
}

export const UsersList = (props: UsersListProps) => (
  <div class="card">
    <Filters {...props} />
    <div id="results">
      <OfferedGroups {...props} />
      <MeantGroup {...props} />
      {isGroupMissing(props) || <Found {...props} />}
    </div>
  </div>
);

/** The page then asks for another group. */
const isGroupMissing = ({ query, choice }: UsersListProps): boolean =>
  query.groupName !== undefined && choice.group === undefined;

const Found = (props: UsersListProps) => (
  <>
    {props.users.length === 0 ? <NoUsers {...props} /> : <UsersTable {...props} />}
    {(props.users.length > 0 || props.next !== undefined) && <Pages {...props} />}
  </>
);

const Filters = ({ tenant, query, integrations, choice, groups }: UsersListProps) => (
  <form class="filters" method="get" action={usersHref(tenant)} data-search="results">
    <input
      type="search"
      name="q"
      aria-label="Search users"
      placeholder="Name, userName or e-mail"
      value={query.text ?? ''}
      maxlength={200}
    />
    <select name="state" aria-label="State">
      <option value="">Active and inactive</option>
      <option value="active" selected={query.state === 'active'}>
        Active
      </option>
      <option value="inactive" selected={query.state === 'inactive'}>
        Inactive
      </option>
    </select>
    <select name="by" aria-label="Provisioned by">
      <option value="">Any integration</option>
      {integrations.map(({ id, name }) => (
        <option value={id} selected={query.integrationId === id}>
          {plainName(name)}
        </option>
      ))}
    </select>
    {groups !== undefined && <GroupFilter choice={choice} />}
    <button class="button" type="submit">
      Search
    </button>
  </form>
);

const UsersTable = ({ tenant, users, groups, now }: UsersListProps) => (
  <Table
    caption="Users"
    columns={['Name', ...(groups === undefined ? [] : ['Groups']), 'State', 'Changed']}
  >
    {users.map((user) => (
      <tr>
        <th scope="row">
          <UserLink tenant={tenant} user={user} />
        </th>
        {groups !== undefined && (
          <td>
            <DirectGroupsOf tenant={tenant} userId={user.id} groups={groups.get(user.id)} />
          </td>
        )}
        <td>
          <UserState active={user.active} />
        </td>
        <td>
          <Time at={user.lastModified} now={now} />
        </td>
      </tr>
    ))}
  </Table>
);

const Pages = ({ tenant, query, users, next, counts }: UsersListProps) => {
  // The group is known by now, and its id stays the same if it is renamed.
  const address = (after?: string) => usersHref(tenant, { ...query, groupName: undefined, after });
  return (
    <Pager
      shown={summary(query, users.length, counts)}
      first={query.after && address()}
      next={next && address(next)}
    />
  );
};

type NamedUser = Pick<PersonSummary, 'id' | 'userName' | 'displayName'>;

export const UserLink = ({ tenant, user }: { tenant: string; user: NamedUser }) => {
  const { id, userName, displayName = '' } = user;
  // Nobody could press a link without text.
  const title = plainName(displayName).trim() === '' ? userName : displayName;
  return (
    <>
      <a href={tenantHref(tenant, 'users', id)}>
        <Name of={title} />
      </a>
      {title !== userName && (
        <span class="sub">
          <Name of={userName} />
        </span>
      )}
    </>
  );
};

function summary(
  query: UsersQuery,
  shown: number,
  { active, inactive }: UsersListProps['counts'],
): string {
  const all = `${countOf(active + inactive, 'user')} in the tenant`;
  return isNarrowed(query)
    ? `${count(shown)} on this page, of ${all}`
    : `${count(shown)} of ${all}`;
}

const NoUsers = ({ tenant, query, next }: UsersListProps) =>
  isNarrowed(query) || query.after !== undefined ? (
    <Empty title={next === undefined ? 'No user matches' : 'No user on this page matches'}>
      <p>The search compares how names, userNames and e-mail addresses begin.</p>
      <a class="button" href={usersHref(tenant)}>
        Show all users
      </a>
    </Empty>
  ) : (
    <Empty title="No users yet">
      <p>
        Connect an identity provider, and assign users or groups to its application. They appear
        here with its next sync.
      </p>
      <a class="button primary" href={tenantHref(tenant, 'provisioning')}>
        Open Provisioning
      </a>
    </Empty>
  );

export const UserState = ({ active }: { active: boolean }) =>
  active ? <Chip tone="good">Active</Chip> : <Chip tone="rest">Inactive</Chip>;
