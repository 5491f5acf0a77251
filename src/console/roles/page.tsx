/** Which roles the groups of a tenant have, namespace by namespace. */
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { liveOf, RoleEffect } from '../groups/roles.tsx';
import { tenantHref, withQuery } from '../hrefs.ts';
import { Name } from '../text/names.tsx';
import type { GivenRole, NamespaceRoles, Receiver } from './by-namespace.ts';

interface RolesPageProps {
  readonly tenant: string;
  readonly namespaces: readonly NamespaceRoles[];
}

export const RolesOverview = ({ tenant, namespaces }: RolesPageProps) =>
  namespaces.every(({ roles }) => roles.length === 0) ? (
    <section class="card">
      <Empty title="No group has a role yet">
        <p>Open a group and attach a role to it. Its members then have the role.</p>
        <a class="button primary" href={tenantHref(tenant, 'groups')}>
          Open Groups
        </a>
      </Empty>
    </section>
  ) : (
    <div>
      {namespaces
        .filter(({ roles }) => roles.length > 0)
        .map((each) => (
          <InNamespace tenant={tenant} {...each} />
        ))}
    </div>
  );

const InNamespace = ({ tenant, namespace, roles }: NamespaceRoles & { tenant: string }) => (
  <Card title={namespace} aside="namespace" id={`in-${namespace}`} live={liveOf(roles)} flush>
    <Table caption={`Roles in ${namespace}`} columns={['Role', 'Who has it', 'Given by', 'State']}>
      {roles.map(({ role, receiver, binding, state, message }: GivenRole) => (
        <tr>
          <th scope="row">
            <Name of={role.name} />
            <span class="sub">{role.kind}</span>
          </th>
          <td>
            <ReceiverName tenant={tenant} receiver={receiver} />
          </td>
          <td>
            {binding.kind} <Name of={binding.name} />
          </td>
          <td>
            <RoleEffect state={state} message={message} />
          </td>
        </tr>
      ))}
    </Table>
  </Card>
);

const ReceiverName = ({ tenant, receiver }: { tenant: string; receiver: Receiver }) => {
  if (receiver === 'everybody')
    return (
      <>
        Everybody who signs in <Chip tone="rest">Default role</Chip>
      </>
    );
  if ('externalId' in receiver)
    return (
      <>
        the group with the externalId <Name of={receiver.externalId} />
      </>
    );
  const { id, displayName } = receiver;
  const href =
    id === undefined
      ? withQuery(tenantHref(tenant, 'groups'), { q: displayName.slice(0, 200) })
      : tenantHref(tenant, 'groups', id);
  return (
    <a href={href}>
      <Name of={displayName} />
    </a>
  );
};
