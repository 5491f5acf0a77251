/** Detaches a role from a group after asking once. */
import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import type { GroupReference } from '../../directory/store/people.ts';
import { deleteIfExists, getIfExists } from '../../kube/client.ts';
import { isConflict } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/resource.ts';
import type { ConsoleContext, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { CONSOLE_FIELD_MANAGER } from '../field-manager.ts';
import { Confirm } from '../frame/forms.tsx';
import { show } from '../frame/page.tsx';
import { notThere, PageError } from '../frame/page-error.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { about, recordAction } from '../record-action.ts';
import { isFor } from '../roles/group-roles.ts';
import { Name, plainName } from '../text/names.tsx';
import { groupOfPath } from './group-page.tsx';
import { detachHref } from './roles.tsx';

const PATH = '/:id/roles/:namespace/:name/detach';

export function addDetach(pages: ConsoleRoutes, context: ConsoleContext): void {
  pages.get(PATH, (c) => confirmDetach(context, c));
  pages.post(PATH, (c) => detach(context, c));
}

/** Throws PageError unless the visitor may delete this very ScimGroupBinding of the group. */
async function found(
  context: ConsoleContext,
  c: ConsoleRequest,
): Promise<{ group: GroupReference; binding: KubeGroupBinding }> {
  const group = await groupOfPath(context, c);
  const tenant = c.get('tenant');
  const { namespace = '', name = '' } = c.req.param();
  if (!(await tenant.mayIn(namespace, 'list', 'scimgroupbindings'))) throw notThere();
  const key = { namespace, name };
  const object = await getIfExists<KubeObject>(context.client, SCIM_GROUP_BINDINGS, key);
  const binding = object as KubeGroupBinding | undefined;
  if (binding === undefined || !isFor(binding, tenant.name, group)) throw notThere();
  await tenant.requireAction(namespace, 'delete', 'scimgroupbindings', name);
  return { group, binding };
}

async function confirmDetach(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const { group, binding } = await found(context, c);
  const tenant = c.get('tenant');
  const { namespace, name, uid } = binding.metadata;
  const { roleRef } = binding.spec;
  const address = tenantHref(tenant.name, 'groups', group.id);
  const others = othersWhoWrote(binding);
  return show(
    c,
    {
      title: `Detach ${roleRef.name} from ${plainName(group.displayName)}?`,
      section: 'groups',
      crumbs: [
        { title: 'Groups', href: tenantHref(tenant.name, 'groups') },
        { title: plainName(group.displayName), href: address },
      ],
    },
    <Confirm
      session={tenant.visit.session}
      action={detachHref(tenant.name, group.id, namespace, name)}
      button="Detach"
      back={address}
      ends={[
        <>
          Members of <Name of={group.displayName} /> lose {roleRef.kind} <Name of={roleRef.name} />{' '}
          in {namespace} within seconds, unless something else gives it to them.
        </>,
        <>The ScimGroupBinding {name} is deleted.</>,
        ...(others.length === 0
          ? []
          : [
              <>
                {others.join(' and ')} wrote the ScimGroupBinding and may create it again. Remove it
                there.
              </>,
            ]),
      ]}
      stays={[
        <>The group and its members stay.</>,
        <>
          {roleRef.kind} <Name of={roleRef.name} /> and the other roles of the group stay.
        </>,
      ]}
    >
      <input type="hidden" name="uid" value={uid} />
    </Confirm>,
  );
}

async function detach(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const { group, binding } = await found(context, c);
  const tenant = c.get('tenant');
  const { namespace, name, uid } = binding.metadata;
  const confirmed = c.get('form').get('uid') ?? '';
  if (confirmed !== uid) throw replaced();
  try {
    await deleteIfExists(context.client, SCIM_GROUP_BINDINGS, { namespace, name }, uid);
  } catch (error) {
    if (isConflict(error)) throw replaced();
    throw error;
  }
  const { kind, name: roleName } = binding.spec.roleRef;
  const role = `${kind} ${roleName}`;
  await recordAction(context, c, {
    ...about('ScimGroupBinding', binding),
    operation: 'detach',
    change: { group: { before: group.displayName }, role: { before: role } },
    action: 'DetachRole',
    note: `detached ${role} from the group ${group.displayName}`,
  });
  const address = tenantHref(tenant.name, 'groups', group.id);
  return c.redirect(withQuery(address, { done: 'detached' }), 303);
}

const replaced = (): PageError =>
  new PageError(409, 'The ScimGroupBinding was replaced meanwhile', {
    unchanged: 'Nothing was changed.',
    advice: 'Open the page of the group again and look at its roles.',
  });

/** Who else wrote the spec, such as a GitOps tool. */
function othersWhoWrote({ metadata }: KubeObject): readonly string[] {
  const managers = (metadata.managedFields ?? [])
    .filter(({ subresource, manager }) => !subresource && manager !== CONSOLE_FIELD_MANAGER)
    .map(({ manager }) => manager);
  return [...new Set(managers)];
}
