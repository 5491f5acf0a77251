/**
 * The page of visitors who are not signed in. It is the same for every address, so that nobody
 * learns which tenants, users and integrations exist.
 */

import type { SignIn } from '../../sso/sign-in.ts';
import { Field, fieldAttributes } from '../frame/forms.tsx';
import { showPlain } from '../frame/page.tsx';
import { Notice } from '../frame/pieces.tsx';
import { withQuery } from '../hrefs.ts';

export const TOKEN_SIGN_IN = '/console/-/token';

type ConsoleProvider = ReturnType<SignIn['providers']>[number];

interface SignInPage {
  readonly providers: readonly ConsoleProvider[];
  /** The address to continue at. */
  readonly to: string;
  /** Why the Kubernetes token was not accepted. */
  readonly refused?: string | undefined;
  readonly status?: number;
}

export function showSignIn({
  providers,
  to,
  refused,
  status = 200,
}: SignInPage): Promise<Response> {
  return showPlain(
    {
      title: 'Sign in',
      status,
      lead: 'Provisioning of users and groups, and the roles that they get in this cluster.',
    },
    <>
      {providers.length > 0 && <Providers providers={providers} to={to} />}
      <TokenForm to={to} refused={refused} isOpen={providers.length === 0} />
    </>,
  );
}

const Providers = ({ providers, to }: Pick<SignInPage, 'providers' | 'to'>) => (
  <section class="card">
    <div class="body">
      {providers.map(({ name, displayName }) => (
        <a
          class="button primary whole"
          href={withQuery(`/oauth/login/${encodeURIComponent(name)}`, { to })}
        >
          Sign in with {displayName}
        </a>
      ))}
    </div>
  </section>
);

interface TokenFormProps {
  readonly to: string;
  readonly refused: string | undefined;
  readonly isOpen: boolean;
}

const TokenForm = ({ to, refused, isOpen }: TokenFormProps) => (
  <section class="card">
    <details open={isOpen || refused !== undefined}>
      <summary>Sign in with a Kubernetes token</summary>
      <div class="body">
        {refused !== undefined && (
          <Notice tone="bad" title="You were not signed in">
            <p>{refused}</p>
          </Notice>
        )}
        <p>For administrators of the cluster. Print a token that only the console accepts:</p>
        <pre>
          kubectl create token YOUR-SERVICE-ACCOUNT --namespace NAMESPACE --audience scim-operator
        </pre>
        <form method="post" action={TOKEN_SIGN_IN}>
          <input type="hidden" name="to" value={to} />
          <Field id="token" label="Kubernetes token">
            <input
              {...fieldAttributes({ id: 'token' })}
              name="token"
              type="password"
              required
              autocomplete="off"
              spellcheck={false}
            />
          </Field>
          <button class="button" type="submit">
            Sign in
          </button>
        </form>
      </div>
    </details>
  </section>
);
