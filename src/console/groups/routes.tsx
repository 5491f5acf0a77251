/** The pages of groups. */
import { Hono } from 'hono';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { show } from '../frame/page.tsx';
import { rolesOfGroup, tenantRoles } from '../roles/tenant-roles.ts';
import { cursorIn, queryParameter } from '../text/query.ts';
import { attachToGroup } from './attach-page.tsx';
import { addDetach } from './detach-page.tsx';
import { showGroup } from './group-page.tsx';
import { GroupsList } from './list.tsx';

const PAGE_SIZE = 50;

export function groupsPages(context: ConsoleContext): ConsoleRoutes {
  const pages: ConsoleRoutes = new Hono<ConsoleEnv>();
  pages.get('/', (c) => showGroups(context, c));
  pages.get('/:id', (c) => showGroup(context, c));
  pages.post('/:id/roles', (c) => attachToGroup(context, c));
  addDetach(pages, context);
  return pages;
}

async function showGroups(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  await tenant.require('list', 'groups');
  const { people } = context.store;
  const query = new URL(c.req.url).searchParams;
  const text = queryParameter(query, 'q');
  const after = cursorIn(query);
  const [page, counts, roles] = await Promise.all([
    people.searchGroups(tenant.name, { text, after, limit: PAGE_SIZE }),
    people.counts(tenant.name),
    tenantRoles(context, tenant),
  ]);
  return show(
    c,
    {
      title: 'Groups',
      section: 'groups',
      lead: 'Groups of the identity provider. Give their members permissions by attaching roles.',
    },
    <GroupsList
      tenant={tenant.name}
      text={text}
      after={after}
      groups={page.groups.map((group) => ({
        ...group,
        roles: namesOf(rolesOfGroup(context, tenant.name, group, roles)),
      }))}
      next={page.next}
      total={counts.groups}
      now={c.get('now')}
    />,
  );
}

const namesOf = (roles: readonly { readonly role: { readonly name: string } }[]) => [
  ...new Set(roles.map(({ role }) => role.name)),
];
