/** Who the visitor is to Kubernetes, and what they may do here. */
import type { Child } from 'hono/jsx';
import type { Identity } from '../../access/identity.ts';
import type { TenantInfo } from '../../access/tenants.ts';
import { CONSOLE_ACTIONS } from '../actions.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Empty, Facts } from '../frame/pieces.tsx';
import { hasSections } from '../frame/sections.ts';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { capital } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { visibleTenants } from '../start/visible-tenants.ts';
import { TenantVisit } from '../tenant-visit.ts';
import { providerTitle } from '../text/providers.ts';
import type { Visit } from '../visit.ts';
import { ReasonsCard, reasonsIn } from './reasons.tsx';

/** The holder of a token may see many tenants. */
const MOST_TENANTS = 10;

export async function showMe(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const visit = c.get('visit');
  const { session } = visit;
  const { identity } = session;
  const all = await visit.tenants();
  const { tenants: visible, isPart } =
    session.tenant === undefined
      ? await someVisible(visit, all)
      : { tenants: all.map((each) => new TenantVisit(visit, each)), isPart: false };
  const namespaces = visible.flatMap((tenant) => tenant.namespaces);
  const [permissions, reasons] = await Promise.all([
    Promise.all(visible.map(permissionsOf)),
    reasonsIn(context, c, namespaces),
  ]);
  const provider = providerTitle(context, session.via);
  return show(
    c,
    {
      title: 'What may I do?',
      lead: 'Every page and action asks Kubernetes whether this user may do it.',
    },
    <>
      <Card title="Who you are to Kubernetes">
        <Facts
          of={[
            ['User', <code>{identity.user}</code>],
            ['Groups', <Groups identity={identity} />],
            ...(identity.uid === undefined
              ? []
              : [['UID', <code>{identity.uid}</code>] as readonly [string, Child]]),
            [
              'Signed in',
              session.via === 'kubernetes' ? 'with a Kubernetes token' : <>through {provider}</>,
            ],
            ['Session ends', <Time at={session.expiresAt} now={c.get('now')} />],
          ]}
        />
      </Card>
      <Compare identity={identity} isPerson={session.person !== undefined} />
      {visible.map((tenant, index) => (
        <Permissions tenant={tenant} permissions={permissions[index] ?? []} />
      ))}
      {visible.length > 0 && <ReasonsCard {...reasons} />}
      {visible.length === 0 && (
        <Card title="What you may do" flush>
          <Empty
            title={
              isPart
                ? 'You have no permission in the tenants that were looked at.'
                : 'You have no permission in any tenant.'
            }
          >
            <p>Ask an administrator of the cluster for a role in the namespaces of a tenant.</p>
          </Empty>
        </Card>
      )}
    </>,
  );
}

async function someVisible(
  visit: Visit,
  all: readonly TenantInfo[],
): Promise<{ readonly tenants: readonly TenantVisit[]; readonly isPart: boolean }> {
  const used = all.filter(({ isUsed }) => isUsed);
  const { tenants, next } = await visibleTenants(visit, used, '', hasSections);
  return { tenants: tenants.slice(0, MOST_TENANTS), isPart: next !== undefined };
}

const Groups = ({ identity }: { identity: Identity }) =>
  identity.groups.length === 0 ? (
    <span>none</span>
  ) : (
    identity.groups.map((group) => (
      <div>
        <code>{group}</code>
      </div>
    ))
  );

/** The API server's own OIDC must make the same user of a person. */
const Compare = ({ identity, isPerson }: { identity: Identity; isPerson: boolean }) => (
  <Card title="Compare with kubectl">
    <p>
      Run this with the account that you use for kubectl.{' '}
      {isPerson
        ? 'The user must be the same, to the letter. Otherwise, roles that you have here have no ' +
          'effect there: compare --username-prefix, --username-from and --username-case of ' +
          'scim-operator with the OIDC options of the API server.'
        : 'It prints the user and the groups above if you use the same ServiceAccount.'}
    </p>
    <pre>kubectl auth whoami</pre>
    <p>Expected, besides groups such as system:authenticated that the API server adds:</p>
    <pre>{`Username  ${identity.user}\nGroups    [${identity.groups.join(' ')}]`}</pre>
  </Card>
);

interface Permission {
  readonly action: string;
  readonly namespaces: readonly string[];
}

const permissionsOf = (tenant: TenantVisit): Promise<readonly Permission[]> =>
  Promise.all(
    CONSOLE_ACTIONS.map(async ({ words, verb, resource }) => ({
      action: capital(words),
      namespaces: await tenant.allowed(verb, resource),
    })),
  );

interface PermissionsProps {
  readonly tenant: TenantVisit;
  readonly permissions: readonly Permission[];
}

const Permissions = ({ tenant, permissions }: PermissionsProps) => {
  const allowed = permissions.filter(({ namespaces }) => namespaces.length > 0);
  return (
    <Card
      title={`What you may do in ${tenant.title}`}
      aside={<a href={tenantHref(tenant.name)}>Open</a>}
      flush
    >
      {allowed.length === 0 ? (
        <Empty title="Nothing yet.">
          <p>
            Ask an administrator of the cluster for a role in{' '}
            {tenant.namespaces.slice(0, 5).join(', ')}, for your user or for one of your groups.
          </p>
        </Empty>
      ) : (
        <Table
          caption={`What you may do in ${tenant.title}`}
          columns={['Action', 'In the namespaces']}
        >
          {allowed.map(({ action, namespaces }) => (
            <tr>
              <th scope="row">{action}</th>
              <td>
                {namespaces.length === tenant.namespaces.length && namespaces.length > 1
                  ? 'all of the tenant'
                  : namespaces.join(', ')}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
};
