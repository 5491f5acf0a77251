/** Lets only signed-in visitors through, and checks every form that they send. */
import type { MiddlewareHandler } from 'hono';
import { LIVE_REFRESH } from '../../sso/sessions.ts';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest } from '../context.ts';
import { notThere } from '../frame/page-error.ts';
import { sectionsOf } from '../frame/sections.ts';
import { withQuery } from '../hrefs.ts';
import { TenantVisit } from '../tenant-visit.ts';
import { Visit } from '../visit.ts';
import { readForm } from './form.ts';
import { checkCsrf, checkOrigin } from './security.ts';

/** Where the sign-in page is, and the visitor's tenants after it. */
const START = '/console';

/**
 * Sets `visit`, and `form` for a POST whose form was proven to be the visitor's own. Everybody else
 * is sent to the sign-in page.
 */
export function consoleSession(
  context: ConsoleContext,
  showSignIn: (c: ConsoleRequest) => Promise<Response>,
): MiddlewareHandler<ConsoleEnv> {
  const { signIn, access, publicUrl } = context;
  return async (c, next) => {
    const session = await signIn.sessionOf(c.req.raw.headers);
    const { method, url } = c.req;
    const isRead = method === 'GET' || method === 'HEAD';
    if (session === undefined) {
      const { pathname, search } = new URL(url);
      if (isRead && pathname === START) return showSignIn(c);
      const to = isRead ? `${pathname}${search}` : undefined;
      return c.redirect(withQuery(START, { to }), 303);
    }
    const visit = new Visit(session, access);
    c.env?.authenticated?.(c.req.header('cookie'), visit.caller);
    c.set('visit', visit);
    if (!isRead) {
      if (method !== 'POST') throw notThere();
      checkOrigin(c.req.raw.headers, publicUrl);
      const form = await readForm(c);
      checkCsrf(session, form);
      c.set('form', form);
    }
    await next();
    return undefined;
  };
}

/**
 * Sets `tenant`. A tenant that doesn't exist, one of another session and one without any permission
 * are the same.
 */
export const tenantOfPath: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  // No name and no id contains NUL, and PostgreSQL has no text with it.
  if (c.req.path.includes('\0') || c.req.path.includes('%00')) throw notThere();
  const tenantVisit = await visitTo(c.req.param('tenant') ?? '', c.get('visit'));
  if (tenantVisit === undefined || (await sectionsOf(tenantVisit)).length === 0) throw notThere();
  c.set('tenant', tenantVisit);
  await next();
};

/**
 * For responses that take long. Rejects if the session of the request has ended since, or its person
 * may no longer do this in the tenant. It is no use of the session.
 */
export async function requireStill(
  { signIn, access }: Pick<ConsoleContext, 'signIn' | 'access'>,
  c: ConsoleRequest,
  ...may: Parameters<TenantVisit['mayAnywhere']>
): Promise<void> {
  const headers = new Headers(c.req.raw.headers);
  headers.set(LIVE_REFRESH, '1');
  const session = await signIn.sessionOf(headers);
  if (session === undefined) throw new Error('the session has ended');
  const tenant = await visitTo(c.get('tenant').name, new Visit(session, access));
  if (!(await tenant?.mayAnywhere(...may))) throw new Error('the permission has ended');
}

/** Undefined for a tenant that doesn't exist, and for one of another session. */
async function visitTo(name: string, visit: Visit): Promise<TenantVisit | undefined> {
  const tenant = (await visit.tenants()).find((each) => each.name === name);
  return tenant && new TenantVisit(visit, tenant);
}
