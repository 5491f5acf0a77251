/** The roles of a group, and the form that attaches another one. */

import type { GroupReference } from '../../directory/store/people.ts';
import type { SignInSession } from '../../sso/sessions.ts';
import { CsrfField, Field, fieldAttributes } from '../frame/forms.tsx';
import { Card, Chip, Empty, Notice } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { tenantHref } from '../hrefs.ts';
import type { GroupRole } from '../roles/group-roles.ts';
import { Name } from '../text/names.tsx';
import type { WantedRole } from './binding.ts';

interface RolesCardProps {
  readonly tenant: string;
  readonly group: GroupReference;
  readonly roles: readonly GroupRole[];
  /** Namespaces in which the visitor may delete ScimGroupBindings. */
  readonly detachable: readonly string[];
  /** Namespaces in which the visitor may create ScimGroupBindings. */
  readonly attachable: readonly string[];
  /** Whether ScimGroupBindings take effect at all. */
  readonly isApplied: boolean;
  /** What was entered, if it was refused, and why. */
  readonly refused: RefusedRole | undefined;
  readonly session: SignInSession;
}

export interface RefusedRole {
  readonly wanted: WantedRole;
  readonly reason: string;
}

export const RolesCard = (props: RolesCardProps) => (
  <Card title="Roles" id="roles" flush>
    {props.roles.length === 0 ? (
      <Empty title="No role">
        <p>Members may only do what their other groups and the default role let them do.</p>
      </Empty>
    ) : (
      // Apart from the form, which must not be replaced while it is filled in.
      <div id="given" data-live={liveOf(props.roles)}>
        <RolesTable {...props} />
      </div>
    )}
    {props.attachable.length > 0 && (props.isApplied ? <AttachForm {...props} /> : <NotApplied />)}
  </Card>
);

/** A card with a role that is being applied refreshes itself every so many seconds. */
export const liveOf = (roles: readonly Pick<GroupRole, 'state'>[]): number | undefined =>
  roles.some(({ state }) => state === 'pending') ? 2 : undefined;

const RolesTable = ({ tenant, group, roles, detachable }: RolesCardProps) => (
  <Table caption="Roles of the group" columns={['Role', 'Namespace', 'State', 'Given by']}>
    {roles.map(({ role, namespace, binding, ...state }) => (
      <tr>
        <th scope="row">
          <Name of={role.name} />
          <span class="sub">{role.kind}</span>
        </th>
        <td>{namespace}</td>
        <td>
          <RoleEffect {...state} />
        </td>
        <td>
          {binding.kind} <Name of={binding.name} />
          {binding.kind === 'ScimGroupBinding' && detachable.includes(namespace) && (
            <span class="sub">
              <a
                href={detachHref(tenant, group.id, namespace, binding.name)}
                aria-label={`Detach ${binding.name} in ${namespace}`}
              >
                Detach…
              </a>
            </span>
          )}
        </td>
      </tr>
    ))}
  </Table>
);

export const detachHref = (
  tenant: string,
  groupId: string,
  namespace: string,
  name: string,
): string => tenantHref(tenant, 'groups', groupId, 'roles', namespace, name, 'detach');

const STATES = {
  effective: <Chip tone="good">In effect</Chip>,
  pending: <Chip tone="warn">Being applied</Chip>,
  ineffective: <Chip tone="bad">Not in effect</Chip>,
} as const;

export const RoleEffect = ({ state, message }: Pick<GroupRole, 'state' | 'message'>) => (
  <>
    {STATES[state]}
    {message !== undefined && (
      <span class="sub">
        <Name of={message} whole />
      </span>
    )}
  </>
);

const NotApplied = () => (
  <div class="body">
    <p>
      Roles can't be attached, because this operator does not apply ScimGroupBindings. Start it with{' '}
      <code>--group-bindings</code>.
    </p>
  </div>
);

const ROLE_FIELD = {
  id: 'role',
  hint: 'Such as view. You need the permission to bind it in the namespace.',
};

const AttachForm = ({ tenant, group, attachable, refused, session }: RolesCardProps) => (
  <form
    class="body"
    method="post"
    action={`${tenantHref(tenant, 'groups', group.id, 'roles')}#roles`}
    aria-labelledby="attach"
  >
    <h3 id="attach">Attach a role</h3>
    {refused !== undefined && (
      <Notice tone="bad" title="The role was not attached">
        <p>
          <Name of={refused.reason} whole />
        </p>
      </Notice>
    )}
    <CsrfField session={session} />
    <Field id="kind" label="Kind">
      <select {...fieldAttributes({ id: 'kind' })} name="kind">
        <option value="ClusterRole">ClusterRole</option>
        <option value="Role" selected={refused?.wanted.kind === 'Role'}>
          Role
        </option>
      </select>
    </Field>
    <Field {...ROLE_FIELD} label="Name of the role">
      <input
        {...fieldAttributes(ROLE_FIELD)}
        name="role"
        value={refused?.wanted.name ?? ''}
        maxlength={253}
        required
        autocomplete="off"
      />
    </Field>
    <Field id="namespace" label="Namespace">
      <select {...fieldAttributes({ id: 'namespace' })} name="namespace">
        {attachable.map((namespace) => (
          <option value={namespace} selected={refused?.wanted.namespace === namespace}>
            {namespace}
          </option>
        ))}
      </select>
    </Field>
    <button class="button primary" type="submit">
      Attach
    </button>
  </form>
);
