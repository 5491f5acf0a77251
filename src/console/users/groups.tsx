/** The groups in the list of users: those of each user, and the filter. */
import type { DirectGroups, GroupReference } from '../../directory/store/people.ts';
import { Empty } from '../frame/pieces.tsx';
import { count } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { Name, plainName } from '../text/names.tsx';
import type { GroupChoice } from './group-choice.ts';
import { GroupLink } from './person.tsx';
import { type UsersQuery, usersHref } from './query.ts';

interface DirectGroupsProps {
  readonly tenant: string;
  readonly userId: string;
  readonly groups: DirectGroups | undefined;
}

export const DirectGroupsOf = ({ tenant, userId, groups }: DirectGroupsProps) => {
  if (groups === undefined || groups.count === 0) return <>–</>;
  const { named, more } = groups;
  const left = groups.count - named.length;
  return (
    <>
      {named.map((group, index) => (
        <>
          {index > 0 && ', '}
          <GroupLink tenant={tenant} group={group} />
        </>
      ))}
      {left > 0 && (
        <>
          {' '}
          <a href={tenantHref(tenant, 'users', userId)}>
            + {more && 'over '}
            {count(left)} <span class="unseen">more groups</span>
          </a>
        </>
      )}
    </>
  );
};

interface GroupFilterProps {
  readonly choice: GroupChoice;
}

/** The name of a group, and the group that is chosen already. */
export const GroupFilter = ({ choice: { group } }: GroupFilterProps) => (
  <>
    <input
      type="search"
      name="in"
      aria-label="Group"
      placeholder="Name of a group"
      list="groups"
      autocomplete="off"
      maxlength={200}
    />
    {group !== undefined && (
      <label class="tag">
        <input type="checkbox" name="group" value={group.id} checked /> In{' '}
        <Name of={group.displayName} />
      </label>
    )}
  </>
);

/** What the browser offers. A name that can't be entered as it is shown is left out. */
export const OfferedGroups = ({ choice: { offered } }: GroupFilterProps) => (
  <datalist id="groups">
    {offered
      .filter(({ displayName }) => plainName(displayName) === displayName)
      .map(({ displayName }) => (
        <option value={displayName} />
      ))}
  </datalist>
);

interface MeantGroupProps extends GroupFilterProps {
  readonly tenant: string;
  readonly query: UsersQuery;
}

/** After a name was entered: the group that is meant, or the groups that may be meant. */
export const MeantGroup = ({ tenant, query, choice }: MeantGroupProps) => {
  const { groupName } = query;
  const { group, offered, more } = choice;
  if (groupName === undefined) return null;
  if (group === undefined && offered.length === 0) return <NoGroup tenant={tenant} query={query} />;
  const others = offered.filter(({ id }) => id !== group?.id);
  return (
    <nav class="filters" aria-label="Which group">
      {group !== undefined && (
        <span>
          Users in <Name of={group.displayName} />.
        </span>
      )}
      {others.length > 0 && (
        <span>
          {group === undefined ? 'Which group? ' : 'Other groups: '}
          {others.map((each, index) => (
            <>
              {index > 0 && ', '}
              <GroupChoiceLink tenant={tenant} query={query} group={each} />
            </>
          ))}
          {more && ' and more'}
        </span>
      )}
    </nav>
  );
};

const GroupChoiceLink = ({
  tenant,
  query,
  group,
}: Pick<MeantGroupProps, 'tenant' | 'query'> & { group: GroupReference }) => (
  <a href={usersHref(tenant, inGroupOf(query, group))}>
    <Name of={group.displayName} />
  </a>
);

/** The query with this group, from the first page on. */
const inGroupOf = (query: UsersQuery, { id }: GroupReference): UsersQuery => ({
  ...query,
  groupId: id,
  groupName: undefined,
  after: undefined,
});

const NoGroup = ({ tenant, query }: Pick<MeantGroupProps, 'tenant' | 'query'>) => (
  <Empty title="No group matches">
    <p>The field compares how the names of groups begin.</p>
    <a
      class="button"
      href={usersHref(tenant, { ...query, groupName: undefined, after: undefined })}
    >
      Search without this group
    </a>
  </Empty>
);
