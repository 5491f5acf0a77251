/** The pages of the log. */
import { Hono } from 'hono';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { show } from '../frame/page.tsx';
import { tenantHref } from '../hrefs.ts';
import { namedIntegrations } from '../integrations.ts';
import { cursorIn } from '../text/query.ts';
import { Downloads } from './download.ts';
import { exportActivity } from './export.ts';
import { activityHref, conditionsOf, filtersIn } from './filters.ts';
import { ActivityTable } from './page.tsx';
import { exportRequests, showLastRequests } from './requests.tsx';

const PAGE_SIZE = 50;

export function activityPages(context: ConsoleContext): ConsoleRoutes {
  const pages: ConsoleRoutes = new Hono<ConsoleEnv>();
  const downloads = new Downloads(context);
  pages.get('/', (c) => showActivity(context, c));
  pages.get('/export.csv', (c) => exportActivity(context, downloads, c, 'csv'));
  pages.get('/export.jsonl', (c) => exportActivity(context, downloads, c, 'json'));
  pages.get('/requests', (c) => showLastRequests(context, c));
  pages.get('/requests.csv', (c) => exportRequests(context, downloads, c, 'csv'));
  pages.get('/requests.jsonl', (c) => exportRequests(context, downloads, c, 'json'));
  return pages;
}

async function showActivity(context: ConsoleContext, c: ConsoleRequest): Promise<Response> {
  const tenant = c.get('tenant');
  await tenant.require('list', 'activity');
  const query = new URL(c.req.url).searchParams;
  const filters = filtersIn(query);
  const after = cursorIn(query);
  const [page, integrations] = await Promise.all([
    context.store.activity.list({
      tenant: tenant.name,
      ...conditionsOf(filters),
      ...(after === undefined ? {} : { after }),
      limit: PAGE_SIZE,
    }),
    namedIntegrations(context, tenant),
  ]);
  const address = tenantHref(tenant.name, 'activity');
  return show(
    c,
    {
      title: 'Activity',
      section: 'activity',
      lead: 'Who changed what: each write of an identity provider, and what was done in the console.',
      actions: (
        <>
          <a class="button" href={`${address}/requests`}>
            Last requests
          </a>
          <a class="button" href={activityHref(`${address}/export.csv`, filters)}>
            Export CSV
          </a>
          <a class="button" href={activityHref(`${address}/export.jsonl`, filters)}>
            Export JSON lines
          </a>
        </>
      ),
    },
    <ActivityTable
      tenant={tenant.name}
      filters={filters}
      after={after}
      entries={page.entries}
      next={page.next}
      integrations={integrations}
      now={c.get('now')}
    />,
  );
}
