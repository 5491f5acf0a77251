/** The page of a user. */
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { notThere } from '../frame/page-error.ts';
import { tenantHref } from '../hrefs.ts';
import { Done } from '../text/done.tsx';
import { plainName } from '../text/names.tsx';
import { END_SESSIONS, endingHref, UNBIND } from './ending.tsx';
import { powersOf, questionIn } from './explain.ts';
import { UserState } from './list.tsx';
import { AccountCard, MembershipsCard, ProvisionersCard, SessionsCard } from './person.tsx';
import { PowersCard } from './powers.tsx';
import { profileOf } from './profile.ts';
import { ProfileCard } from './profile-card.tsx';
import { nameOf } from './title.ts';

export async function showPerson(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  const namespaces = await tenant.require('get', 'users');
  const { store } = context;
  const person = await store.people.get(tenant.name, c.req.param('id') ?? '');
  if (person === undefined) throw notThere();
  const { id, active, attributes, identity, provisionedBy } = person;
  const query = new URL(c.req.url).searchParams;
  const [powers, memberships, sessions, mayEnd] = await Promise.all([
    powersOf(context, {
      tenant: tenant.name,
      userId: id,
      active,
      namespaces,
      question: questionIn(query),
    }),
    store.people.groupsOf(tenant.name, id),
    store.sessions.list(tenant.name, id),
    tenant.mayAnywhere('update', 'bindings'),
  ]);
  const now = c.get('now');
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
      <PowersCard {...powers} />
      <div class="two">
        <div>
          <ProfileCard
            profile={profileOf(attributes)}
            writers={new Map()}
            provisioners={provisionedBy}
            now={now}
          />
        </div>
        <div>
          <MembershipsCard tenant={tenant.name} memberships={memberships} />
          <ProvisionersCard tenant={tenant.name} provisioners={provisionedBy} />
          <AccountCard
            identity={identity}
            unbind={mayEnd ? endingHref(tenant.name, id, UNBIND) : undefined}
            now={now}
          />
          <SessionsCard
            sessions={sessions}
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
