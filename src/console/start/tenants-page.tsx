/** The tenants that the visitor may see something of. */
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { sectionsOf } from '../frame/sections.ts';
import { Table } from '../frame/table.tsx';
import { countOf } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { type Concern, concernsOf } from '../overview/attention.ts';
import { readIntegrations } from '../provisioning/read.ts';
import { TenantVisit } from '../tenant-visit.ts';

/** Further tenants are not examined before they are opened. */
const MOST_EXAMINED = 20;

export async function showTenants(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const visit = c.get('visit');
  const all = (await visit.tenants()).map((tenant) => new TenantVisit(visit, tenant));
  const sections = await Promise.all(all.map((tenant) => sectionsOf(tenant)));
  const visible = all.filter((_, index) => (sections[index] ?? []).length > 0);
  const concerns = await Promise.all(
    visible.slice(0, MOST_EXAMINED).map(async (tenant) => {
      const integrations = await readIntegrations(context, tenant);
      return concernsOf(tenant.name, integrations, c.get('now'));
    }),
  );
  return show(
    c,
    { title: 'Tenants' },
    visible.length === 0 ? (
      <Card title="Nothing to see yet" flush>
        <Empty title="You have no permission in any tenant.">
          <p>
            Ask an administrator of the cluster for a role in the namespaces of a tenant, such as
            the ClusterRole <code>scim-operator-viewer</code>.
          </p>
          <a class="button" href="/console/me">
            What may I do?
          </a>
        </Empty>
      </Card>
    ) : (
      <Card title="Tenants" flush>
        <Table
          caption="Tenants that you may see"
          columns={['Tenant', 'Namespaces', 'Needs attention']}
        >
          {visible.map((tenant, index) => (
            <tr>
              <th scope="row">
                <a href={tenantHref(tenant.name)}>
                  <bdi>{tenant.title}</bdi>
                </a>
                {tenant.title !== tenant.name && <span class="sub">{tenant.name}</span>}
              </th>
              <td>{countOf(tenant.namespaces.length, 'namespace')}</td>
              <td>
                <Concerns of={concerns[index]} />
              </td>
            </tr>
          ))}
        </Table>
      </Card>
    ),
  );
}

const Concerns = ({ of }: { of: readonly Concern[] | undefined }) => {
  if (of === undefined) return <span>open it to see</span>;
  const [first] = of;
  if (first === undefined) return <span>nothing</span>;
  return (
    <>
      <Chip tone="bad">{countOf(of.length, 'integration')}</Chip>
      <span class="sub">
        <a href={first.href}>{first.title}</a>: {first.detail}
      </span>
    </>
  );
};
