/** Which roles somebody has in a namespace, because of what, and what they allow. */
import { Chip } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { countOf } from '../frame/words.ts';
import { Name } from '../text/names.tsx';
import type { ShownGrant } from './grants.ts';

/** A role can have thousands of rules. */
const MOST_RULES = 40;

interface GrantsTableProps {
  readonly namespace: string;
  readonly grants: readonly ShownGrant[];
}

export const GrantsTable = ({ namespace, grants }: GrantsTableProps) => (
  <Table
    caption={`Roles in the namespace ${namespace}`}
    showCaption
    columns={['Role', 'Because of']}
  >
    {grants.map(({ role, binding, because, allows }, index) => (
      <tr>
        <th scope="row">
          <Name of={role.name} />
          <span class="sub">{role.kind}</span>
          {isFirst(grants, index) && <Allows allows={allows} />}
        </th>
        <td>
          <Name of={because} />
          <span class="sub">
            <Name of={binding} />
          </span>
        </td>
      </tr>
    ))}
  </Table>
);

/** What a role allows is said once. */
const isFirst = (grants: readonly ShownGrant[], index: number): boolean =>
  grants.findIndex(({ role }) => roleKey(role) === roleKey(grants[index]?.role)) === index;

const roleKey = (role: ShownGrant['role'] | undefined): string => `${role?.kind} ${role?.name}`;

const Allows = ({ allows }: Pick<ShownGrant, 'allows'>) => {
  if (allows === undefined) return <Chip tone="warn">Role not found</Chip>;
  return (
    <details>
      <summary>What it allows</summary>
      <ul>
        {allows.slice(0, MOST_RULES).map((rule) => (
          <li>
            <Name of={rule} whole />
          </li>
        ))}
      </ul>
      {allows.length > MOST_RULES && <p>{countOf(allows.length - MOST_RULES, 'more rule')}</p>}
    </details>
  );
};
