/** The pages of sign-in and sign-out, in the frame of the console. */

import type { SignInSession } from '../../sso/sessions.ts';
import { CsrfField } from '../frame/forms.tsx';
import { showPlain } from '../frame/page.tsx';
import { Card } from '../frame/pieces.tsx';

const TO_SIGN_IN = (
  <a class="button" href="/console">
    To the sign-in page
  </a>
);

interface RefusedSignIn {
  readonly status: number;
  /** What happened, and what to do. */
  readonly message: string;
  /** The account that was refused, if the provider named one. */
  readonly account?: string | undefined;
  /** Begins the sign-in again. */
  readonly again?: string | undefined;
}

interface TenantChoice {
  readonly tenant: string;
  readonly href: string;
}

export const SIGN_IN_PAGES = {
  refused: ({ status, message, account, again }: RefusedSignIn): Promise<Response> =>
    showPlain(
      { title: 'You are not signed in', status },
      <Card title="What to do">
        <p>{message}</p>
        <div class="buttons">
          {again !== undefined && (
            <a class="button primary" href={again}>
              {account === undefined ? 'Try again' : 'Sign in with another account'}
            </a>
          )}
          {TO_SIGN_IN}
        </div>
      </Card>,
    ),

  chooseTenant: (choices: readonly TenantChoice[], account: string): Promise<Response> =>
    showPlain(
      { title: 'Choose a tenant' },
      <Card title={`${account} has access to several`}>
        {choices.map(({ tenant, href }) => (
          <a class="button primary whole" href={href}>
            {tenant}
          </a>
        ))}
      </Card>,
    ),

  leaving: (href: string, provider: string): Promise<Response> =>
    showPlain(
      { title: 'You are signed out', refresh: href },
      <Card title={`Signing out at ${provider}`}>
        <p>
          <a class="button primary" href={href}>
            Continue to {provider}
          </a>
        </p>
      </Card>,
    ),

  signedOut: (): Promise<Response> =>
    showPlain(
      { title: 'You are signed out' },
      <Card title="The session is over">
        <div class="buttons">{TO_SIGN_IN}</div>
      </Card>,
    ),

  confirmSignOut: (session: SignInSession): Promise<Response> =>
    showPlain(
      { title: 'Sign out?' },
      <Card title={`You are signed in as ${session.person?.userName ?? session.identity.user}`}>
        <form method="post" action="/logout">
          <CsrfField session={session} />
          <div class="buttons">
            <button class="button primary" type="submit">
              Sign out
            </button>
            <a class="button" href="/console">
              Cancel
            </a>
          </div>
        </form>
      </Card>,
    ),
};
