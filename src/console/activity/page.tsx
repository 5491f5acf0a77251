/** The log of who changed what, with its filters. */
import type { ActivityEntry } from '../../directory/store/activity.ts';
import { Empty } from '../frame/pieces.tsx';
import { Pager, Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { capital, countOf, shortId } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { Name, plainName } from '../text/names.tsx';
import { EntryChange } from './change.tsx';
import { type ActivityFilters, activityHref } from './filters.ts';
import { OPERATION_WORDS, OPERATIONS, RESOURCE_TYPES, RESOURCE_WORDS } from './words.ts';

interface ActivityProps {
  readonly tenant: string;
  readonly filters: ActivityFilters;
  readonly after: string | undefined;
  readonly entries: readonly ActivityEntry[];
  readonly next: string | undefined;
  /** The tenant's integrations; also names what entries only have the id of. */
  readonly integrations: readonly { readonly id: string; readonly name: string }[];
  readonly now: number;
}

export const ActivityTable = (props: ActivityProps) => (
  <div class="card">
    <Filters {...props} />
    <div id="results">
      {props.entries.length === 0 ? <NoEntries {...props} /> : <Entries {...props} />}
      <Pages {...props} />
    </div>
  </div>
);

const Filters = ({ tenant, filters, integrations }: ActivityProps) => (
  <form class="filters" method="get" action={tenantHref(tenant, 'activity')} data-search="results">
    <select name="operation" aria-label="What was done">
      <option value="">Everything</option>
      {OPERATIONS.map((each) => (
        <option value={each} selected={filters.operation === each}>
          {capital(OPERATION_WORDS[each])}
        </option>
      ))}
    </select>
    <select name="type" aria-label="Kind of object">
      <option value="">Any kind</option>
      {RESOURCE_TYPES.map((each) => (
        <option value={each} selected={filters.resourceType === each}>
          {RESOURCE_WORDS[each]}
        </option>
      ))}
    </select>
    <select name="by" aria-label="Integration">
      <option value="">Any integration</option>
      {integrations.map(({ id, name }) => (
        <option value={id} selected={filters.integrationId === id}>
          {plainName(name)}
        </option>
      ))}
    </select>
    <input
      name="who"
      aria-label="Kubernetes user name of a person"
      placeholder="Kubernetes user name"
      value={filters.actor ?? ''}
      maxlength={1_100}
    />
    <label>
      From <input type="date" name="since" aria-label="From (UTC)" value={filters.since ?? ''} />
    </label>
    <label>
      Until <input type="date" name="until" aria-label="Until (UTC)" value={filters.until ?? ''} />
    </label>
    {filters.resourceId !== undefined && (
      <label class="tag">
        <input type="checkbox" name="resource" value={filters.resourceId} checked /> Only{' '}
        <code>{shortId(filters.resourceId)}</code>
      </label>
    )}
    <button class="button" type="submit">
      Filter
    </button>
  </form>
);

const Entries = ({ tenant, entries, integrations, now }: ActivityProps) => {
  const names = new Map(integrations.map(({ id, name }) => [id, name]));
  return (
    <Table caption="Entries, the newest first" columns={['When', 'Who', 'Did', 'What', 'Change']}>
      {entries.map((entry) => (
        <tr>
          <th scope="row">
            <Time at={entry.at} now={now} />
          </th>
          <td>
            <Name of={names.get(entry.actor.name) ?? entry.actor.name} />
            <span class="sub">{ACTOR_WORDS[entry.actor.kind]}</span>
          </td>
          <td>{OPERATION_WORDS[entry.operation]}</td>
          <td>
            <ResourceName tenant={tenant} resource={entry.resource} />
            <span class="sub">{RESOURCE_WORDS[entry.resource.type]}</span>
          </td>
          <td>
            <EntryChange entry={entry} />
          </td>
        </tr>
      ))}
    </Table>
  );
};

const ACTOR_WORDS = {
  integration: 'Integration',
  person: 'Person',
  kubernetes: 'Kubernetes token',
  account: 'Account at an identity provider',
} as const;

const PAGES: Partial<Record<ActivityEntry['resource']['type'], string>> = {
  User: 'users',
  Group: 'groups',
};

const ResourceName = ({
  tenant,
  resource: { type, id, name },
}: {
  tenant: string;
  resource: ActivityEntry['resource'];
}) => {
  const page = PAGES[type];
  if (page === undefined) return <Name of={name} />;
  return (
    <a href={tenantHref(tenant, page, id)}>
      <Name of={name === '' ? id : name} />
    </a>
  );
};

const Pages = ({ tenant, filters, after, entries, next }: ActivityProps) => (
  <Pager
    shown={`${countOf(entries.length, 'entry', 'entries')} on this page`}
    first={after && activityHref(tenantHref(tenant, 'activity'), filters)}
    next={next && activityHref(tenantHref(tenant, 'activity'), filters, next)}
  />
);

const NoEntries = ({ tenant, filters, after, next }: ActivityProps) => {
  if (next !== undefined)
    return (
      <Empty title="No entry matches in this part of the log">
        <p>Look at older entries with Next.</p>
      </Empty>
    );
  if (Object.keys(filters).length === 0 && after === undefined)
    return (
      <Empty title="Nothing has happened yet">
        <p>
          An entry appears whenever an identity provider changes something or somebody signs in.
        </p>
      </Empty>
    );
  return (
    <Empty title="No entry matches">
      <a class="button" href={tenantHref(tenant, 'activity')}>
        Show all entries
      </a>
    </Empty>
  );
};
