/** The page of a user. */
import { activityPages } from '../../directory/activity-pages.ts';
import type { ActivityEntry } from '../../directory/store/activity.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { tenantHref } from '../hrefs.ts';
import { namedIntegrations } from '../integrations.ts';
import { Done } from '../text/done.tsx';
import { plainName } from '../text/names.tsx';
import { providerTitle } from '../text/providers.ts';
import { END_SESSIONS, endingHref, UNBIND } from './ending.tsx';
import { powersOf, questionIn } from './explain.ts';
import { HistoryCard } from './history.tsx';
import { UserState } from './list.tsx';
import {
  AccountCard,
  MembershipsCard,
  ProvisionersCard,
  provisionerName,
  SessionsCard,
} from './person.tsx';
import { personOfPath } from './person-of-path.ts';
import { PowersCard } from './powers.tsx';
import { profileOf } from './profile.ts';
import { type FieldWriter, ProfileCard } from './profile-card.tsx';
import { nameOf } from './title.ts';

/** What the page looks through for who wrote an attribute. */
const ENTRIES = 100;
/** A page of a resource's entries looks at 2,500,000 entries of others. */
const MOST_PAGES = 10;

export async function showPerson(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  const { person, namespaces } = await personOfPath(context, c);
  const { store } = context;
  const { id, active, attributes, identity, provisionedBy } = person;
  const query = new URL(c.req.url).searchParams;
  const question = questionIn(query);
  const [powers, memberships, sessions, mayEnd, entries, integrations] = await Promise.all([
    powersOf(context, {
      tenant: tenant.name,
      userId: id,
      active,
      namespaces,
      question,
    }),
    store.people.groupsOf(tenant.name, id),
    store.sessions.list(tenant.name, id),
    tenant.mayAnywhere('update', 'bindings'),
    historyOf(context, c, id),
    namedIntegrations(context, tenant),
  ]);
  const now = c.get('now');
  const names = new Map([
    ...provisionedBy.map((each) => [each.integrationId, provisionerName(each)] as const),
    ...integrations.map(({ id: integrationId, name }) => [integrationId, name] as const),
  ]);
  const writers = writersIn(entries ?? [], names);
  return show(
    c,
    {
      title: plainName(nameOf(person)),
      section: 'users',
      crumbs: [{ title: 'Users', href: tenantHref(tenant.name, 'users') }],
      marks: <UserState active={active} />,
    },
    <>
      <Done done={query.get('done')} texts={DONE} />
      <PowersCard {...powers} isUnclear={query.has('verb') && question === undefined} />
      <div class="two">
        <div>
          <ProfileCard
            profile={profileOf(attributes)}
            writers={writers}
            provisioners={provisionedBy}
            names={names}
            now={now}
          />
          {entries !== undefined && (
            <HistoryCard tenant={tenant.name} id={id} entries={entries} names={names} now={now} />
          )}
        </div>
        <div>
          <MembershipsCard tenant={tenant.name} memberships={memberships} />
          <ProvisionersCard tenant={tenant.name} provisioners={provisionedBy} names={names} />
          <AccountCard
            identity={identity}
            unbind={mayEnd ? endingHref(tenant.name, id, UNBIND) : undefined}
            now={now}
          />
          <SessionsCard
            sessions={sessions.map((each) => ({
              ...each,
              provider: providerTitle(context, each.provider),
            }))}
            endAll={mayEnd ? endingHref(tenant.name, id, END_SESSIONS) : undefined}
            now={now}
          />
        </div>
      </div>
    </>,
  );
}

const DONE: Readonly<Record<string, string>> = {
  endSessions: 'All sessions were ended',
  unbind: 'The account was unbound',
};

/** Undefined if the visitor may not see the activity. */
async function historyOf(
  { store }: ConsoleContext,
  c: ConsoleRequest,
  resourceId: string,
): Promise<readonly ActivityEntry[] | undefined> {
  const tenant = c.get('tenant');
  if (!(await tenant.mayAnywhere('list', 'activity'))) return undefined;
  const query = { tenant: tenant.name, resourceId };
  const pages = activityPages(store.activity, query, { entries: ENTRIES, pages: MOST_PAGES });
  const found: ActivityEntry[] = [];
  for await (const { entries } of pages) found.push(...entries);
  return found;
}

/** The last writer of each attribute. The entry that was written last is the first. */
function writersIn(
  entries: readonly ActivityEntry[],
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, FieldWriter> {
  const writers = new Map<string, FieldWriter>();
  for (const { actor, at, change } of entries) {
    if (actor.kind !== 'integration') continue;
    const name = names.get(actor.name) ?? actor.name;
    for (const path of Object.keys(change)) {
      if (!writers.has(path)) writers.set(path, { name, at });
    }
  }
  return writers;
}
