/** The pages of users. */
import { Hono } from 'hono';
import type { PeopleStore } from '../../directory/store/people.ts';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { show } from '../frame/page.tsx';
import { namedIntegrations } from '../integrations.ts';
import { addEndings } from './ending.tsx';
import { chooseGroup, noChoice } from './group-choice.ts';
import { UsersList } from './list.tsx';
import { showPerson } from './person-page.tsx';
import { type UsersQuery, usersQueryIn } from './query.ts';

const PAGE_SIZE = 50;

export function usersPages(context: ConsoleContext): ConsoleRoutes {
  const pages: ConsoleRoutes = new Hono<ConsoleEnv>();
  pages.get('/', (c) => showUsers(context, c));
  pages.get('/:id', (c) => showPerson(context, c));
  addEndings(pages, context);
  return pages;
}

async function showUsers(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  await tenant.require('list', 'users');
  const { people } = context.store;
  const asked = usersQueryIn(new URL(c.req.url).searchParams);
  const maySeeGroups = await tenant.mayAnywhere('list', 'groups');
  const choice = maySeeGroups ? await chooseGroup(people, tenant.name, asked) : noChoice(asked);
  const query = { ...asked, groupId: choice.group?.id ?? asked.groupId };
  const [page, counts, integrations] = await Promise.all([
    choice.asked && choice.group === undefined ? NOBODY : find(context, tenant.name, query),
    people.counts(tenant.name),
    namedIntegrations(context, tenant),
  ]);
  const groups = maySeeGroups
    ? await people.directGroups(
        tenant.name,
        page.people.map(({ id }) => id),
      )
    : undefined;
  return show(
    c,
    {
      title: 'Users',
      section: 'users',
      lead: 'Users whom an identity provider has given access. It owns their profiles.',
    },
    <UsersList
      tenant={tenant.name}
      query={query}
      users={page.people}
      next={page.next}
      counts={counts}
      integrations={integrations}
      choice={choice}
      groups={groups}
      now={c.get('now')}
    />,
  );
}

const NOBODY = { people: [], next: undefined };

const find = (
  { store }: ConsoleContext,
  tenant: string,
  { text, state, groupId, integrationId, after }: UsersQuery,
): ReturnType<PeopleStore['search']> =>
  store.people.search(tenant, {
    text,
    active: state === undefined ? undefined : state === 'active',
    groupId,
    integrationId,
    after,
    limit: PAGE_SIZE,
  });
