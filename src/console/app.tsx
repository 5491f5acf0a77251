/** The application for people: the console, sign-in and setup links. */
import { Hono } from 'hono';
import { ConcurrencyLimits } from '../access/concurrency-limit.ts';
import { returnTarget } from '../sso/return-target.ts';
import { activityPages } from './activity/routes.tsx';
import { assetRoutes } from './assets/assets.ts';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from './context.ts';
import { notThere } from './frame/page-error.ts';
import { groupsPages } from './groups/routes.tsx';
import { accessLog } from './http/access-log.ts';
import { showError } from './http/errors.tsx';
import { readForm } from './http/form.ts';
import { checkOrigin, securityHeaders } from './http/security.ts';
import { consoleSession, tenantOfPath } from './http/session.ts';
import { showMe } from './me/me.tsx';
import { showOverview } from './overview/overview.tsx';
import { provisioningPages } from './provisioning/routes.ts';
import { rolesPages } from './roles/routes.tsx';
import { setupPages } from './setup/setup-page.tsx';
import { showSignIn, TOKEN_SIGN_IN } from './start/sign-in-page.tsx';
import { showTenants } from './start/tenants-page.tsx';
import { usersPages } from './users/routes.tsx';

const CONSOLE_PATH = /^\/(?:console|oauth|logout|setup)(?:\/|$)/;
/** Whether the application serves the path. */
export const isConsolePath = (path: string): boolean => CONSOLE_PATH.test(path);

/** Of a person: each may ask about hundreds of namespaces. */
const TENANT_PAGES = { what: 'of your pages', atOnce: 1, waiting: 2 };

export function createConsole(context: ConsoleContext): ConsoleRoutes {
  const app: ConsoleRoutes = new Hono<ConsoleEnv>();
  const tenantPages = new ConcurrencyLimits(TENANT_PAGES);
  app.use(accessLog(context));
  app.use(securityHeaders(context.publicUrl));
  app.use(async (c, next) => {
    c.set('now', context.now());
    await next();
  });
  app.get('/', (c) => c.redirect('/console'));
  app.route('/', assetRoutes());
  app.route('/', context.signIn.app);
  app.route('/', setupPages(context));
  app.post(TOKEN_SIGN_IN, (c) => signInWithToken(context, c));
  // This is the path /console as well.
  app.use(
    '/console/*',
    consoleSession(context, (c) => startPage(context, c)),
  );
  app.get('/console', (c) => tenantPages.run(c.get('visit').caller, () => showTenants(context, c)));
  app.get('/console/me', (c) => tenantPages.run(c.get('visit').caller, () => showMe(context, c)));
  app.use('/console/:tenant/*', tenantOfPath);
  for (const path of ['/console/:tenant', '/console/:tenant/overview']) {
    app.get(path, (c) => showOverview(context, c));
  }
  app.route('/console/:tenant/provisioning', provisioningPages(context));
  app.route('/console/:tenant/activity', activityPages(context));
  app.route('/console/:tenant/users', usersPages(context));
  app.route('/console/:tenant/groups', groupsPages(context));
  app.route('/console/:tenant/roles', rolesPages(context));
  app.notFound((c) => showError(c, notThere(), context.log));
  app.onError((error, c) => showError(c, error, context.log));
  return app;
}

/** The sign-in page, to which every address leads without a session. */
const startPage = ({ signIn }: ConsoleContext, c: ConsoleRequest): Promise<Response> =>
  showSignIn({ providers: signIn.providers(), to: returnTarget(c.req.query('to')) });

async function signInWithToken(
  { signIn, publicUrl }: ConsoleContext,
  c: ConsoleRequest,
): Promise<Response> {
  checkOrigin(c.req.raw.headers, publicUrl);
  const form = await readForm(c);
  const to = returnTarget(form.get('to') ?? undefined);
  const outcome = await signIn.signInWithToken((form.get('token') ?? '').trim(), c.req.raw.headers);
  if ('refused' in outcome) {
    return showSignIn({ providers: signIn.providers(), to, ...outcome });
  }
  c.header('Set-Cookie', outcome.cookie);
  return c.redirect(to, 303);
}
