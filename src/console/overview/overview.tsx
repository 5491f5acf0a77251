/** The overview of a tenant. */
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Stat } from '../frame/pieces.tsx';
import { count, timeInWords } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { IntegrationTable } from '../provisioning/list.tsx';
import { lastContactOf, readActivities, readIntegrations } from '../provisioning/read.ts';
import { type Concern, concernsOf } from './attention.ts';

export async function showOverview(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  const now = c.get('now');
  const [integrations, mayUsers, mayGroups, mayIntegrations] = await Promise.all([
    readIntegrations(context, tenant),
    tenant.mayAnywhere('list', 'users'),
    tenant.mayAnywhere('list', 'groups'),
    tenant.mayAnywhere('list', 'scimintegrations'),
  ]);
  const activities = await readActivities(context, integrations);
  const counts = mayUsers || mayGroups ? await context.store.people.counts(tenant.name) : undefined;
  const users = tenantHref(tenant.name, 'users');
  const contacts = integrations.flatMap(
    (each) => lastContactOf(each, activities.get(each.metadata.uid)) ?? [],
  );
  return show(
    c,
    { title: tenant.title, crumbs: [{ title: 'Tenants', href: '/console' }] },
    <>
      <div class="grid">
        {mayUsers && counts !== undefined && (
          <>
            <Stat
              value={count(counts.active)}
              label="Active users"
              href={withQuery(users, { state: 'active' })}
            />
            <Stat
              value={count(counts.inactive)}
              label="Inactive users"
              href={withQuery(users, { state: 'inactive' })}
            />
          </>
        )}
        {mayGroups && counts !== undefined && (
          <Stat
            value={count(counts.groups)}
            label="Groups"
            href={tenantHref(tenant.name, 'groups')}
          />
        )}
        {mayIntegrations && (
          <Stat
            value={contacts.length === 0 ? 'never' : timeInWords(Math.max(...contacts), now)}
            label="Last contact of an identity provider"
          />
        )}
      </div>
      {mayIntegrations && <Attention concerns={concernsOf(tenant.name, integrations, now)} />}
      {integrations.length > 0 && (
        <IntegrationTable
          tenant={tenant}
          integrations={integrations}
          activities={activities}
          now={now}
        />
      )}
      {integrations.length === 0 && mayIntegrations && (
        <p>
          <a class="button" href={tenantHref(tenant.name, 'provisioning')}>
            Connect an identity provider
          </a>
        </p>
      )}
    </>,
  );
}

const Attention = ({ concerns }: { concerns: readonly Concern[] }) => (
  <Card title="Needs attention">
    {concerns.length === 0 ? (
      <p>Nothing. Everything that was set up works.</p>
    ) : (
      <ul>
        {concerns.map(({ title, detail, href }) => (
          <li>
            <a href={href}>{title}</a>: {detail}
          </li>
        ))}
      </ul>
    )}
  </Card>
);
