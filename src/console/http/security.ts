/** Headers of every response, and the proof that a form is one of the console's own. */
import type { MiddlewareHandler } from 'hono';
import { isLoopback } from '../../http/loopback.ts';
import { isSame } from '../../sso/seal.ts';
import type { SignInSession } from '../../sso/sessions.ts';
import type { ConsoleEnv } from '../context.ts';
import { badRequest, PageError } from '../frame/page-error.ts';

/** Nothing from other hosts, no inline code or style, no framing. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HALF_A_YEAR_S = 15_552_000;

/** A header that a response sets itself, such as Cache-Control of a file, is kept. */
export function securityHeaders(publicUrl: string): MiddlewareHandler<ConsoleEnv> {
  const headers: Readonly<Record<string, string>> = {
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    // Proxies log Referer, and the path of a setup link is its proof. With no-referrer, the POST of a
    // form would carry `Origin: null`.
    'Referrer-Policy': 'strict-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Cache-Control': 'no-store',
    ...(new URL(publicUrl).protocol === 'https:'
      ? { 'Strict-Transport-Security': `max-age=${HALF_A_YEAR_S}` }
      : {}),
  };
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) {
      if (!c.res.headers.has(name)) c.header(name, value);
    }
  };
}

/** The host that a request was sent to, if only the visitor's own machine serves it. */
function loopbackOrigins(host: string): readonly string[] {
  const url = URL.parse(`http://${host}`);
  if (url?.host !== host || !isLoopback(url.hostname)) return [];
  return [`http://${host}`, `https://${host}`];
}

/**
 * Throws PageError unless the browser says that the request comes from a page of this server: by
 * Sec-Fetch-Site, and by Origin. Through a port-forward, the origin is the loopback host that the
 * request was sent to.
 */
export function checkOrigin(headers: Headers, publicUrl: string): void {
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  const host = headers.get('host') ?? '';
  const own = [new URL(publicUrl).origin, ...loopbackOrigins(host)];
  const isForeign =
    (site === null && origin === null) ||
    (site !== null && site !== 'same-origin') ||
    (origin !== null && !own.includes(origin));
  if (!isForeign) return;
  throw new PageError(403, 'The form was not sent by a page of this server', {
    unchanged: 'Nothing was changed.',
    advice: `Open ${publicUrl}/console and try again. Over plain http, only localhost works.`,
  });
}

/** Throws PageError unless the form contains the proof of this session. */
export function checkCsrf(session: SignInSession, form: URLSearchParams): void {
  if (isSame(session.csrf, form.get('csrf') ?? '')) return;
  throw badRequest(
    'The form belongs to another session',
    'You have signed in again since the page was opened. Go back, reload the page, and try again.',
  );
}
