/** The page of roles. */
import { Hono } from 'hono';
import { groupSubject } from '../../directory/kubernetes-names.ts';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { show } from '../frame/page.tsx';
import { rolesByNamespace } from './by-namespace.ts';
import { RolesOverview } from './page.tsx';
import { tenantRoles } from './tenant-roles.ts';

export function rolesPages(context: ConsoleContext): ConsoleRoutes {
  const pages: ConsoleRoutes = new Hono<ConsoleEnv>();
  pages.get('/', (c) => showRoles(context, c));
  return pages;
}

async function showRoles(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  const namespaces = await tenant.require('list', 'scimgroupbindings');
  const roles = await tenantRoles(context, tenant);
  const everybody = groupSubject(context.naming, tenant.name);
  return show(
    c,
    {
      title: 'Roles',
      section: 'roles',
      lead: 'What groups may do in the namespaces of the tenant. Attach a role on the page of a group.',
    },
    <RolesOverview
      tenant={tenant.name}
      namespaces={rolesByNamespace(
        namespaces,
        roles,
        everybody,
        context.defaultRolesOf(tenant.name),
      )}
    />,
  );
}
