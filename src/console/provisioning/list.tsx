/** The integrations of a tenant. */
import { isEnabled } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { IntegrationActivity } from '../../directory/store/integrations.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { count } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import { Done } from '../text/done.tsx';
import { guideOf } from './providers.ts';
import {
  type Activities,
  lastContactOf,
  readActivities,
  readIntegrations,
  titleOf,
} from './read.ts';
import { stateOf } from './state.ts';

/** What was just done, by the word in the address. */
const DONE = { removed: 'The integration was removed, and its tokens have ended.' };

export async function showList(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  await tenant.require('list', 'scimintegrations');
  const [integrations, mayCreate] = await Promise.all([
    readIntegrations(context, tenant),
    tenant.mayAnywhere('create', 'scimintegrations'),
  ]);
  const activities = await readActivities(context, integrations);
  const create = (
    <a class="button primary" href={tenantHref(tenant.name, 'provisioning', 'new')}>
      Create
    </a>
  );
  return show(
    c,
    {
      title: 'Provisioning',
      section: 'provisioning',
      actions: mayCreate && integrations.length > 0 ? create : undefined,
      lead: 'Each integration lets one identity provider provision users and groups by SCIM 2.0.',
    },
    <>
      <Done done={c.req.query('done') ?? null} texts={DONE} />
      {integrations.length === 0 ? (
        <Card title="Integrations" flush>
          <Empty title="No identity provider is connected yet.">
            {mayCreate ? (
              <>
                <p>Create an integration to get an endpoint and a token for it.</p>
                {create}
              </>
            ) : (
              <p>
                Ask for the permission to create scimintegrations, or ask somebody who has it to
                connect the identity provider.
              </p>
            )}
          </Empty>
        </Card>
      ) : (
        <IntegrationTable
          tenant={tenant}
          integrations={integrations}
          activities={activities}
          now={c.get('now')}
        />
      )}
    </>,
  );
}

interface IntegrationTableProps {
  readonly tenant: TenantVisit;
  readonly integrations: readonly KubeIntegration[];
  readonly activities: Activities;
  readonly now: number;
}

export const IntegrationTable = ({
  tenant,
  integrations,
  activities,
  now,
}: IntegrationTableProps) => (
  <Card title="Integrations" id="integrations" live={10} flush>
    <Table
      caption="Integrations"
      columns={[
        'Name',
        'State',
        'Identity provider',
        { title: 'Users', numeric: true },
        { title: 'Groups', numeric: true },
        'Last request',
      ]}
    >
      {integrations.map((each) => (
        <IntegrationRow
          tenant={tenant}
          integration={each}
          activity={activities.get(each.metadata.uid)}
          now={now}
        />
      ))}
    </Table>
  </Card>
);

interface IntegrationRowProps {
  readonly tenant: TenantVisit;
  readonly integration: KubeIntegration;
  readonly activity: IntegrationActivity | undefined;
  readonly now: number;
}

const IntegrationRow = ({ tenant, integration, activity, now }: IntegrationRowProps) => {
  const { metadata, spec, status } = integration;
  const { namespace, name } = metadata;
  const state = stateOf(integration);
  const last = lastContactOf(integration, activity);
  return (
    <tr>
      <th scope="row">
        <a href={tenantHref(tenant.name, 'provisioning', namespace, name)}>
          <bdi>{titleOf(integration)}</bdi>
        </a>
        <span class="sub">
          {namespace}/{name}
        </span>
      </th>
      <td>
        <Chip tone={state.tone}>{state.word}</Chip>
        {state.detail !== undefined && isEnabled(integration) && (
          <span class="sub">{state.detail}</span>
        )}
      </td>
      <td>{guideOf(spec?.identityProvider).name}</td>
      <td class="num">{count(activity?.users ?? status?.users ?? 0)}</td>
      <td class="num">{count(activity?.groups ?? status?.groups ?? 0)}</td>
      <td>{last === undefined ? 'none yet' : <Time at={last} now={now} />}</td>
    </tr>
  );
};
