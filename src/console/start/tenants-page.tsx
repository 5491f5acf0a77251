/** The tenants that the visitor may see something of. */
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { sectionsOf } from '../frame/sections.ts';
import { Table } from '../frame/table.tsx';
import { count, countOf } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { type Concern, concernsOf } from '../overview/attention.ts';
import { readIntegrations } from '../provisioning/read.ts';
import { TenantVisit } from '../tenant-visit.ts';

/** Further tenants are not examined before they are opened. */
const MOST_EXAMINED = 20;

/** A cluster may have thousands of namespaces that nobody has provisioned. */
const MOST_UNUSED = 50;

export async function showTenants(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const visit = c.get('visit');
  const all = await visit.tenants();
  const visitsOf = (isUsed: boolean) =>
    all.filter((each) => each.isUsed === isUsed).map((each) => new TenantVisit(visit, each));
  const [visible, unused] = await Promise.all([
    allowedOf(visitsOf(true), async (tenant) => (await sectionsOf(tenant)).length > 0),
    allowedOf(visitsOf(false), (tenant) => tenant.mayAnywhere('create', 'scimintegrations')),
  ]);
  const concerns = await Promise.all(
    visible.slice(0, MOST_EXAMINED).map(async (tenant) => {
      const integrations = await readIntegrations(context, tenant);
      return concernsOf(tenant.name, integrations, c.get('now'));
    }),
  );
  const nothing = visible.length + unused.length === 0;
  return show(
    c,
    { title: 'Tenants' },
    <>
      {nothing && <NothingToSee />}
      {visible.length > 0 && <UsedTenants tenants={visible} concerns={concerns} />}
      {unused.length > 0 && <UnusedTenants tenants={unused} />}
    </>,
  );
}

async function allowedOf(
  tenants: readonly TenantVisit[],
  isAllowed: (tenant: TenantVisit) => Promise<boolean>,
): Promise<readonly TenantVisit[]> {
  const allowed = await Promise.all(tenants.map(isAllowed));
  return tenants.filter((_, index) => allowed[index] === true);
}

const NothingToSee = () => (
  <Card title="Nothing to see yet" flush>
    <Empty title="You have no permission in any tenant.">
      <p>
        Ask an administrator of the cluster for a role in the namespaces of a tenant, such as the
        ClusterRole <code>scim-operator-viewer</code>.
      </p>
      <a class="button" href="/console/me">
        What may I do?
      </a>
    </Empty>
  </Card>
);

interface UsedTenantsProps {
  readonly tenants: readonly TenantVisit[];
  readonly concerns: readonly (readonly Concern[])[];
}

const UsedTenants = ({ tenants, concerns }: UsedTenantsProps) => (
  <Card title="Tenants" flush>
    <Table caption="Tenants that you may see" columns={['Tenant', 'Namespaces', 'Needs attention']}>
      {tenants.map((tenant, index) => (
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
);

const UnusedTenants = ({ tenants }: { tenants: readonly TenantVisit[] }) => (
  <Card title="Namespaces without an integration" aside={count(tenants.length)}>
    <p>
      Each can provision the tenant of its own name. Choose one to connect an identity provider.
    </p>
    <ul>
      {tenants.slice(0, MOST_UNUSED).map((tenant) => (
        <li>
          <a href={tenantHref(tenant.name, 'provisioning', 'new')}>{tenant.name}</a>
        </li>
      ))}
    </ul>
    {tenants.length > MOST_UNUSED && (
      <p>
        {count(tenants.length - MOST_UNUSED)} more have the address{' '}
        <code>/console/NAMESPACE/provisioning/new</code>.
      </p>
    )}
  </Card>
);

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
