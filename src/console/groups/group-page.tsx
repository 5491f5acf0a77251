/** The page of a group. */

import type { GroupReference } from '../../directory/store/people.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { notThere } from '../frame/page-error.ts';
import { tenantHref } from '../hrefs.ts';
import { rolesOfGroup, tenantRoles } from '../roles/tenant-roles.ts';
import { Done } from '../text/done.tsx';
import { plainName } from '../text/names.tsx';
import { cursorIn } from '../text/query.ts';
import { MembersCard } from './members.tsx';
import { type RefusedRole, RolesCard } from './roles.tsx';

const PAGE_SIZE = 50;

/** Throws PageError unless the group exists in the tenant and the visitor may see it. */
export async function groupOfPath(
  { store }: Pick<ConsoleContext, 'store'>,
  c: ConsoleRequest,
): Promise<GroupReference> {
  const tenant = c.get('tenant');
  await tenant.require('get', 'groups');
  const group = await store.people.group(tenant.name, c.req.param('id') ?? '');
  if (group === undefined) throw notThere();
  return group;
}

/** With `refused`, the page responds to a form and explains why nothing was attached. */
export async function showGroup(
  context: ConsoleContext,
  c: ConsoleRequest,
  refused?: RefusedRole,
): Promise<Response> {
  const group = await groupOfPath(context, c);
  const tenant = c.get('tenant');
  const query = new URL(c.req.url).searchParams;
  const nested = query.get('members') === 'nested';
  const after = cursorIn(query);
  const [members, readable, attachable, detachable, roles] = await Promise.all([
    context.store.people.members(tenant.name, group.id, { nested, after, limit: PAGE_SIZE }),
    tenant.mayAnywhere('list', 'scimgroupbindings'),
    tenant.allowed('create', 'scimgroupbindings'),
    tenant.allowed('delete', 'scimgroupbindings'),
    tenantRoles(context, tenant),
  ]);
  const address = tenantHref(tenant.name, 'groups', group.id);
  return show(
    c,
    {
      title: plainName(group.displayName),
      section: 'groups',
      crumbs: [{ title: 'Groups', href: tenantHref(tenant.name, 'groups') }],
      ...(refused === undefined ? {} : { status: 422, address }),
    },
    <>
      <Done done={query.get('done')} texts={DONE} />
      {(readable || attachable.length > 0) && (
        <RolesCard
          tenant={tenant.name}
          group={group}
          roles={rolesOfGroup(context, tenant.name, group, roles)}
          attachable={attachable}
          detachable={detachable}
          isApplied={context.groupBindings}
          refused={refused}
          session={tenant.visit.session}
        />
      )}
      <MembersCard
        tenant={tenant.name}
        groupId={group.id}
        nested={nested}
        after={after}
        members={members.members}
        next={members.next}
      />
    </>,
  );
}

const DONE: Readonly<Record<string, string>> = {
  attached: 'The role was attached. Members have it within seconds.',
  detached: 'The role was detached. Members lose it within seconds.',
};
