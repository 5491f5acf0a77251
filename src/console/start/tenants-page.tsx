/** The tenants that the visitor may see something of. */
import type { TenantInfo } from '../../access/tenants.ts';
import { fold } from '../../scim/text.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { hasSections } from '../frame/sections.ts';
import { Pager, Table } from '../frame/table.tsx';
import { countOf } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { type Concern, concernsOf } from '../overview/attention.ts';
import { readIntegrations } from '../provisioning/read.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import { cursorIn, queryParameter } from '../text/query.ts';
import { TenantPlaces } from './place-in-tenants.ts';
import { type VisibleTenants, visibleTenants } from './visible-tenants.ts';

/** Further tenants are not examined before they are opened. */
const MOST_EXAMINED = 20;

/** With more tenants than that, there is a search. */
const MANY = 20;

/** What the address asks for. */
interface TenantsQuery {
  /** A part of the names. */
  readonly text: string | undefined;
  /** Where the part of the tenants begins, or that of the namespaces without an integration. */
  readonly after: string | undefined;
  readonly unusedAfter: string | undefined;
}

export async function showTenants(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const visit = c.get('visit');
  const parameters = new URL(c.req.url).searchParams;
  const places = new TenantPlaces(context.store.sealingKey, visit.session);
  const query: TenantsQuery = {
    text: queryParameter(parameters, 'q'),
    after: places.open(cursorIn(parameters)),
    unusedAfter: places.open(cursorIn(parameters, 'unused')),
  };
  const all = await visit.tenants();
  const matching = all.filter((each) => matches(each, query.text));
  type IsVisible = (tenant: TenantVisit) => Promise<boolean>;
  const part = async (isUsed: boolean, after = '', isVisible: IsVisible) => {
    const kind = matching.filter((each) => each.isUsed === isUsed);
    const { tenants, next } = await visibleTenants(visit, kind, after, isVisible);
    return { tenants, next: places.close(next) };
  };
  const { after, unusedAfter } = query;
  const used = unusedAfter === undefined ? await part(true, after, hasSections) : NONE;
  const unused = after === undefined ? await part(false, unusedAfter, mayCreate) : NONE;
  const concerns = await Promise.all(
    used.tenants.slice(0, MOST_EXAMINED).map(async (tenant) => {
      const integrations = await readIntegrations(context, tenant);
      return concernsOf(tenant.name, integrations, c.get('now'));
    }),
  );
  const isSearched = query.text !== undefined || all.length > MANY;
  return show(
    c,
    { title: 'Tenants' },
    <>
      {isSearched && <Search text={query.text} />}
      <NothingToSee query={query} parts={[used, unused]} />
      {(used.tenants.length > 0 || used.next !== undefined) && (
        <UsedTenants part={used} query={query} concerns={concerns} />
      )}
      {(unused.tenants.length > 0 || unused.next !== undefined) && (
        <UnusedTenants part={unused} query={query} />
      )}
    </>,
  );
}

const NONE: VisibleTenants = { tenants: [], next: undefined };

const mayCreate = (tenant: TenantVisit) => tenant.mayAnywhere('create', 'scimintegrations');

function matches({ name, displayName }: TenantInfo, text: string | undefined): boolean {
  if (text === undefined) return true;
  const wanted = fold(text);
  return [name, displayName].some((each) => fold(each).includes(wanted));
}

const hrefOf = ({ text }: TenantsQuery, place: { after?: string; unused?: string } = {}): string =>
  withQuery('/console', { q: text, ...place });

const Search = ({ text }: { text: string | undefined }) => (
  <form class="filters" method="get" action="/console">
    <input
      type="search"
      name="q"
      aria-label="Search tenants"
      placeholder="Part of the name"
      value={text ?? ''}
      maxlength={200}
    />
    <button class="button" type="submit">
      Search
    </button>
  </form>
);

interface NothingProps {
  readonly query: TenantsQuery;
  readonly parts: readonly VisibleTenants[];
}

const NothingToSee = ({ query: { text, after, unusedAfter }, parts }: NothingProps) => {
  if (parts.some(({ tenants, next }) => tenants.length > 0 || next !== undefined)) return null;
  if (text !== undefined || after !== undefined || unusedAfter !== undefined) {
    return (
      <Card title="Tenants" flush>
        <Empty title="No further tenant that you may see matches">
          <a class="button" href="/console">
            Show the first tenants
          </a>
        </Empty>
      </Card>
    );
  }
  return (
    <Card title="Nothing to see yet" flush>
      <Empty title="You have no permission in any tenant.">
        <p>
          Ask an administrator of the cluster for a role in the namespaces of a tenant, such as the
          ClusterRole <code>view</code>, to which the chart adds the permissions for the console.
        </p>
        <a class="button" href="/console/me">
          What may I do?
        </a>
      </Empty>
    </Card>
  );
};

interface UsedTenantsProps {
  readonly part: VisibleTenants;
  readonly query: TenantsQuery;
  readonly concerns: readonly (readonly Concern[])[];
}

const UsedTenants = ({ part: { tenants, next }, query, concerns }: UsedTenantsProps) => (
  <Card title="Tenants" flush>
    {tenants.length === 0 ? (
      <NoneInPart />
    ) : (
      <Table
        caption="Tenants that you may see"
        columns={['Tenant', 'Namespaces', 'Needs attention']}
      >
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
    )}
    {(next ?? query.after) !== undefined && (
      <Pager
        shown={`${countOf(tenants.length, 'tenant')} on this page`}
        first={query.after && hrefOf(query)}
        next={next && hrefOf(query, { after: next })}
      />
    )}
  </Card>
);

/** The search for what the visitor may see has a limit for each page. */
const NoneInPart = () => (
  <Empty title="You have no permission in those that were looked at">
    <p>Look at further ones with Next, or search for a name.</p>
  </Empty>
);

interface UnusedTenantsProps {
  readonly part: VisibleTenants;
  readonly query: TenantsQuery;
}

const UnusedTenants = ({ part: { tenants, next }, query }: UnusedTenantsProps) => (
  <Card title="Namespaces without an integration" flush>
    {tenants.length === 0 ? (
      <NoneInPart />
    ) : (
      <div class="body">
        <p>
          Each can provision the tenant of its own name. Choose one to connect an identity provider.
        </p>
        <ul>
          {tenants.map((tenant) => (
            <li>
              <a href={tenantHref(tenant.name, 'provisioning', 'new')}>{tenant.name}</a>
            </li>
          ))}
        </ul>
      </div>
    )}
    {(next ?? query.unusedAfter) !== undefined && (
      <Pager
        shown={`${countOf(tenants.length, 'namespace')} on this page`}
        first={query.unusedAfter && hrefOf(query)}
        next={next && hrefOf(query, { unused: next })}
      />
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
