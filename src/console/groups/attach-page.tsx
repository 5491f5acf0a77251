/** Takes the form that attaches a role to a group. */
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { badRequest } from '../frame/page-error.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { about, recordAction } from '../record-action.ts';
import { attachRole } from './attach.ts';
import { wantedRoleIn } from './binding.ts';
import { groupOfPath, showGroup } from './group-page.tsx';

export async function attachToGroup(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const group = await groupOfPath(context, c);
  const tenant = c.get('tenant');
  if (!context.groupBindings)
    throw badRequest("Roles can't be attached", 'Start scim-operator with --group-bindings.');
  const wanted = wantedRoleIn(c.get('form'));
  if (wanted === undefined)
    throw badRequest('The form is incomplete', 'Go back, and fill in every field.');
  const outcome = await attachRole(context.client, tenant, group, wanted);
  if ('refused' in outcome) return showGroup(context, c, { wanted, reason: outcome.refused });
  const role = `${wanted.kind} ${wanted.name}`;
  await recordAction(context, c, {
    ...about('ScimGroupBinding', outcome.binding),
    operation: 'attach',
    change: { group: { after: group.displayName }, role: { after: role } },
    action: 'AttachRole',
    note: `attached ${role} to the group ${group.displayName}`,
  });
  const address = tenantHref(tenant.name, 'groups', group.id);
  return c.redirect(withQuery(address, { done: 'attached' }), 303);
}
