/** The pages of users. */
import { Hono } from 'hono';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { show } from '../frame/page.tsx';
import { namedIntegrations } from '../integrations.ts';
import { addEndings } from './ending.tsx';
import { UsersList } from './list.tsx';
import { showPerson } from './person-page.tsx';
import { usersQueryIn } from './query.ts';

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
  const query = usersQueryIn(new URL(c.req.url).searchParams);
  const { text, state, groupId, integrationId, after } = query;
  const [page, counts, integrations, group] = await Promise.all([
    people.search(tenant.name, {
      text,
      active: state === undefined ? undefined : state === 'active',
      groupId,
      integrationId,
      after,
      limit: PAGE_SIZE,
    }),
    people.counts(tenant.name),
    namedIntegrations(context, tenant),
    groupId === undefined ? undefined : people.group(tenant.name, groupId),
  ]);
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
      group={group}
      now={c.get('now')}
    />,
  );
}
