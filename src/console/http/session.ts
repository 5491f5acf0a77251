/** Lets only signed-in visitors through, and checks every form that they send. */
import type { MiddlewareHandler } from 'hono';
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
    // All sessions of a person are one caller.
    const { tenant = '', person, identity } = session;
    const caller = `${tenant} ${person?.accessId ?? identity.user}`;
    c.env?.authenticated?.(c.req.header('cookie'), caller);
    c.set('visit', new Visit(session, access));
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
  const visit = c.get('visit');
  const name = c.req.param('tenant');
  const tenant = (await visit.tenants()).find((each) => each.name === name);
  const tenantVisit = tenant && new TenantVisit(visit, tenant);
  if (tenantVisit === undefined || (await sectionsOf(tenantVisit)).length === 0) throw notThere();
  c.set('tenant', tenantVisit);
  await next();
};
