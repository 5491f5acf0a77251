/** The members of a group, direct or nested. */
import type { GroupMember, GroupReference } from '../../directory/store/people.ts';
import { Card, Empty } from '../frame/pieces.tsx';
import { Pager, Table } from '../frame/table.tsx';
import { countOf } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { UserLink, UserState } from '../users/list.tsx';
import { GroupLink, Way } from '../users/person.tsx';
import { usersHref } from '../users/query.ts';

interface MembersCardProps {
  readonly tenant: string;
  readonly groupId: string;
  readonly nested: boolean;
  readonly after: string | undefined;
  readonly members: readonly GroupMember[];
  readonly next: string | undefined;
}

export const MembersCard = (props: MembersCardProps) => {
  const { tenant, groupId, nested, after, members, next } = props;
  return (
    <Card title="Members" id="members" flush>
      <nav class="filters" aria-label="Which members">
        <a class="button" href={hrefOf(props, false)} aria-current={nested ? undefined : 'true'}>
          Direct
        </a>
        <a class="button" href={hrefOf(props, true)} aria-current={nested ? 'true' : undefined}>
          Direct and nested
        </a>
        <a class="button" href={usersHref(tenant, { groupId })}>
          Search members
        </a>
      </nav>
      {members.length === 0 ? (
        <Empty title="No members">
          <p>Add users to the group in the identity provider.</p>
        </Empty>
      ) : (
        <MembersTable {...props} />
      )}
      {(after !== undefined || next !== undefined) && (
        <Pager
          shown={`${countOf(members.length, 'member')} on this page`}
          first={after && hrefOf(props, nested)}
          next={next && hrefOf(props, nested, next)}
        />
      )}
    </Card>
  );
};

const hrefOf = ({ tenant, groupId }: MembersCardProps, nested: boolean, after?: string): string =>
  `${withQuery(tenantHref(tenant, 'groups', groupId), {
    members: nested ? 'nested' : undefined,
    after,
  })}#members`;

const MembersTable = ({ tenant, members, nested }: MembersCardProps) => (
  <Table caption="Members of the group" columns={['Name', 'State', ...(nested ? ['How'] : [])]}>
    {members.map((member) => (
      <tr>
        <th scope="row">
          {member.type === 'Group' ? (
            <GroupLink tenant={tenant} group={member} />
          ) : (
            <UserLink tenant={tenant} user={member} />
          )}
        </th>
        <td>{member.type === 'Group' ? 'Group' : <UserState active={member.active} />}</td>
        {nested && <td>{member.type === 'User' && <How tenant={tenant} via={member.via} />}</td>}
      </tr>
    ))}
  </Table>
);

const How = ({ tenant, via }: { tenant: string; via: GroupReference | undefined }) =>
  via === undefined ? <>Direct member</> : <Way tenant={tenant} via={[via]} />;
