/** The pages of sign-in and sign-out, which the console renders in its own frame. */
import type { Hono } from 'hono';
import type { ServerBindings } from '../http/application.ts';
import type { Refusal } from './refusal.ts';
import type { SignInSession } from './sessions.ts';

export interface SignInEnv {
  readonly Bindings: ServerBindings;
}

export type SignInApp = Hono<SignInEnv>;

type Page = Response | Promise<Response>;

export interface SignInPages {
  /** Somebody was not signed in. The status is that of the refusal; a link leads to the sign-in. */
  refused(refusal: Refusal): Page;
  /**
   * The account has access to several tenants, one of which has to be chosen. Each address begins
   * the sign-in to it.
   */
  chooseTenant(
    choices: readonly { readonly tenant: string; readonly href: string }[],
    account: string,
  ): Page;
  /**
   * The session is over. The page sends the browser on to the provider, with
   * `<meta http-equiv="refresh">` and a link: after a form, the policy would block a redirect.
   */
  leaving(href: string, provider: string): Page;
  signedOut(): Page;
  /** `GET /logout` with a session: a form that posts `csrf` to `/logout`. */
  confirmSignOut(session: SignInSession): Page;
}
