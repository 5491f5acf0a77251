/** What an identity provider sent last, which helps if something is missing in the log. */
import type { KubeIntegration } from '../../crd/objects.ts';
import { REQUEST_LINES } from '../../directory/request-lines.ts';
import { scopeOf } from '../../directory/store/integrations.ts';
import type { RecentRequest } from '../../directory/store/recent-requests.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { show } from '../frame/page.tsx';
import { notThere } from '../frame/page-error.ts';
import { Empty } from '../frame/pieces.tsx';
import { tenantHref, withQuery } from '../hrefs.ts';
import { readIntegration, readIntegrations, readKnown, titleOf } from '../provisioning/read.ts';
import { Requests } from '../provisioning/requests.tsx';
import { plainName } from '../text/names.tsx';
import type { Downloads, Format } from './download.ts';

/** The integration that the address names, or else the first one. */
async function chosen(
  context: ConsoleContext,
  c: ConsoleRequest,
): Promise<{ all: readonly KubeIntegration[]; integration: KubeIntegration | undefined }> {
  const tenant = c.get('tenant');
  await tenant.require('list', 'activity');
  const all = await readIntegrations(context, tenant);
  const [namespace = '', name] = (c.req.query('of') ?? '').split('/');
  if (name === undefined) return { all, integration: all[0] };
  return { all, integration: await readIntegration(context, tenant, namespace, name) };
}

/** With `only=refused`, those that were refused. */
async function requestsOf(
  context: ConsoleContext,
  c: ConsoleRequest,
  integration: KubeIntegration,
): Promise<readonly RecentRequest[]> {
  const known = await readKnown(context, integration);
  if (known === undefined) return [];
  const requests = await context.store.recentRequests.list(scopeOf(known.record));
  return c.req.query('only') === 'refused'
    ? requests.filter(({ status }) => status >= 400)
    : requests;
}

export async function showLastRequests(
  context: ConsoleContext,
  c: ConsoleRequest,
): Promise<Response> {
  const { all, integration } = await chosen(context, c);
  const tenant = c.get('tenant').name;
  const activity = tenantHref(tenant, 'activity');
  const requests = integration && (await requestsOf(context, c, integration));
  const only = c.req.query('only') === 'refused' ? 'refused' : undefined;
  const query = { of: integration && keyOf(integration), only };
  return show(
    c,
    {
      title: 'Last requests',
      section: 'activity',
      crumbs: [{ title: 'Activity', href: activity }],
      lead: 'The last 100 requests of an integration. Values of sensitive attributes are masked.',
      actions: integration && (
        <>
          <a class="button" href={withQuery(`${activity}/requests.csv`, query)}>
            Export CSV
          </a>
          <a class="button" href={withQuery(`${activity}/requests.jsonl`, query)}>
            Export JSON lines
          </a>
        </>
      ),
    },
    integration === undefined ? (
      <section class="card">
        <Empty title="No integration to show">
          <p>The tenant has no integration that you may see.</p>
        </Empty>
      </section>
    ) : (
      <>
        <form class="card filters" method="get" data-search="requests">
          <select name="of" aria-label="Integration">
            {all.map((each) => (
              <option value={keyOf(each)} selected={keyOf(each) === query.of}>
                {plainName(titleOf(each))}
              </option>
            ))}
          </select>
          <select name="only" aria-label="Result">
            <option value="">All requests</option>
            <option value="refused" selected={only !== undefined}>
              Refused requests
            </option>
          </select>
          <button class="button" type="submit">
            Show
          </button>
        </form>
        <Requests requests={requests ?? []} now={c.get('now')} most={100} />
      </>
    ),
  );
}

const keyOf = ({ metadata }: KubeIntegration): string => `${metadata.namespace}/${metadata.name}`;

export async function exportRequests(
  context: ConsoleContext,
  downloads: Downloads,
  c: ConsoleRequest,
  format: Format,
): Promise<Response> {
  const { integration } = await chosen(context, c);
  if (integration === undefined) throw notThere();
  const requests = await requestsOf(context, c, integration);
  return downloads.start(c, {
    name: `requests-${integration.metadata.name}`,
    format,
    lines: () => requestLines(requests, format),
  });
}

async function* requestLines(
  requests: readonly RecentRequest[],
  format: Format,
): AsyncGenerator<string> {
  const { head, line } = REQUEST_LINES[format];
  yield head;
  for (const request of requests) yield line(request);
}
