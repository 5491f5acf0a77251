/** The tenants that the visitor may see something of. */
import type { ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Empty } from '../frame/pieces.tsx';
import { sectionsOf } from '../frame/sections.ts';
import { Table } from '../frame/table.tsx';
import { countOf } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { TenantVisit } from '../tenant-visit.ts';

export async function showTenants(c: ConsoleRequest): Promise<Response> {
  const visit = c.get('visit');
  const all = (await visit.tenants()).map((tenant) => new TenantVisit(visit, tenant));
  const sections = await Promise.all(all.map((tenant) => sectionsOf(tenant)));
  const visible = all.filter((_, index) => (sections[index] ?? []).length > 0);
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
        <Table caption="Tenants that you may see" columns={['Tenant', 'Namespaces']}>
          {visible.map((tenant) => (
            <tr>
              <th scope="row">
                <a href={tenantHref(tenant.name)}>
                  <bdi>{tenant.title}</bdi>
                </a>
                {tenant.title !== tenant.name && <span class="sub">{tenant.name}</span>}
              </th>
              <td>{countOf(tenant.namespaces.length, 'namespace')}</td>
            </tr>
          ))}
        </Table>
      </Card>
    ),
  );
}
