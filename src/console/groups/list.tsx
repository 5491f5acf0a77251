/** The list of a tenant's groups. */
import type { GroupSummary } from '../../directory/store/people.ts';
import { Empty } from '../frame/pieces.tsx';
import { Pager, Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { count, countOf } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { Name } from '../text/names.tsx';
import { GroupLink } from '../users/person.tsx';

interface ListedGroup extends GroupSummary {
  /** The names of its roles in the namespaces that the visitor sees. */
  readonly roles: readonly string[];
}

interface GroupsListProps {
  readonly tenant: string;
  readonly text: string | undefined;
  readonly after: string | undefined;
  readonly groups: readonly ListedGroup[];
  readonly next: string | undefined;
  readonly total: number;
  readonly now: number;
}

const groupsHref = (tenant: string, text?: string, after?: string): string =>
  withQuery(tenantHref(tenant, 'groups'), { q: text, after });

export const GroupsList = (props: GroupsListProps) => (
  <div class="card">
    <form class="filters" method="get" action={groupsHref(props.tenant)} data-search="results">
      <input
        type="search"
        name="q"
        aria-label="Search groups"
        placeholder="How the name begins"
        value={props.text ?? ''}
        maxlength={200}
      />
      <button class="button" type="submit">
        Search
      </button>
    </form>
    <div id="results">
      {props.groups.length === 0 ? <NoGroups {...props} /> : <GroupsTable {...props} />}
    </div>
  </div>
);

const GroupsTable = ({ tenant, text, after, groups, next, total, now }: GroupsListProps) => (
  <>
    <Table
      caption="Groups"
      columns={['Name', { title: 'Members', numeric: true }, 'Roles', 'Changed']}
    >
      {groups.map(({ members, roles, lastModified, ...group }) => (
        <tr>
          <th scope="row">
            <GroupLink tenant={tenant} group={group} />
          </th>
          <td class="num">{membersText(members)}</td>
          <td>{roles.length === 0 ? '–' : <Name of={roles.join(', ')} />}</td>
          <td>
            <Time at={lastModified} now={now} />
          </td>
        </tr>
      ))}
    </Table>
    <Pager
      shown={
        text === undefined
          ? `${count(groups.length)} of ${countOf(total, 'group')}`
          : `${count(groups.length)} on this page, of ${countOf(total, 'group')} in the tenant`
      }
      first={after && groupsHref(tenant, text)}
      next={next && groupsHref(tenant, text, next)}
    />
  </>
);

const membersText = ({ count: members, more }: GroupSummary['members']): string =>
  more ? `over ${count(members)}` : count(members);

const NoGroups = ({ tenant, text, after }: GroupsListProps) =>
  text !== undefined || after !== undefined ? (
    <Empty title="No group matches">
      <p>The search compares how names begin.</p>
      <a class="button" href={groupsHref(tenant)}>
        Show all groups
      </a>
    </Empty>
  ) : (
    <Empty title="No groups yet">
      <p>Assign or push groups to the application in your identity provider.</p>
      <a class="button primary" href={tenantHref(tenant, 'provisioning')}>
        Open Provisioning
      </a>
    </Empty>
  );
