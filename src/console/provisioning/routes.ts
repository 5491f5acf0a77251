/** The pages below /console/{tenant}/provisioning. */
import { Hono } from 'hono';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { tenantHref } from '../hrefs.ts';
import {
  confirmDisable,
  confirmRemove,
  confirmRotate,
  remove,
  rotateToken,
  setEnabled,
  showToken,
} from './actions.tsx';
import { isDone, showIntegration } from './integration.tsx';
import { showList } from './list.tsx';
import { createIntegration, showNew } from './new.tsx';
import type { IntegrationTarget } from './page-data.ts';
import { readIntegration } from './read.ts';
import { createSetupLink, showSetupLinkForm } from './setup-link.tsx';
import { revokeSetupLink } from './setup-links.tsx';

type Page = (c: ConsoleRequest, target: IntegrationTarget) => Promise<Response>;

export function provisioningPages(context: ConsoleContext): ConsoleRoutes {
  const pages = new Hono<ConsoleEnv>();
  pages.get('/', (c) => showList(context, c));
  pages.get('/new', (c) => showNew(c));
  pages.post('/new', (c) => createIntegration(context, c));

  /** For those who may see the integration and do this with it. */
  const withTarget =
    (verb: 'get' | 'patch' | 'delete', page: Page) =>
    async (c: ConsoleRequest): Promise<Response> => {
      const tenant = c.get('tenant');
      const { namespace = '', name = '' } = c.req.param();
      const integration = await readIntegration(context, tenant, namespace, name);
      if (verb !== 'get') await tenant.requireAction(namespace, verb, 'scimintegrations', name);
      const href = tenantHref(tenant.name, 'provisioning', namespace, name);
      return page(c, { integration, href });
    };
  const path = '/:namespace/:name';
  pages.get(
    path,
    withTarget('get', (c, { integration }) => {
      const done = c.req.query('done');
      return showIntegration(context, c, integration, { done: isDone(done) ? done : undefined });
    }),
  );
  pages.post(
    `${path}/enable`,
    withTarget('patch', (c, target) => setEnabled(context, c, target, true)),
  );
  pages.get(`${path}/disable`, withTarget('patch', confirmDisable));
  pages.post(
    `${path}/disable`,
    withTarget('patch', (c, target) => setEnabled(context, c, target, false)),
  );
  pages.get(`${path}/rotate`, withTarget('patch', confirmRotate));
  pages.post(
    `${path}/rotate`,
    withTarget('patch', (c, target) => rotateToken(context, c, target)),
  );
  pages.post(
    `${path}/token`,
    withTarget('patch', (c, target) => showToken(context, c, target)),
  );
  pages.get(
    `${path}/remove`,
    withTarget('delete', (c, target) => confirmRemove(context, c, target)),
  );
  pages.post(
    `${path}/remove`,
    withTarget('delete', (c, target) => remove(context, c, target)),
  );
  pages.get(`${path}/setup-link`, withTarget('patch', showSetupLinkForm));
  pages.post(
    `${path}/setup-link`,
    withTarget('patch', (c, target) => createSetupLink(context, c, target)),
  );
  pages.post(
    `${path}/setup-link/revoke`,
    withTarget('patch', (c, target) => revokeSetupLink(context, c, target)),
  );
  return pages;
}
