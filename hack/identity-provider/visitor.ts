/** Somebody with a browser, as an HTTP client: keeps cookies and fills in the provider's forms. */
import type { IdentityProvider } from './start.ts';

const MOST_REDIRECTS = 10;

export class Visitor {
  readonly #provider: Pick<IdentityProvider, 'issuer' | 'password'>;
  /** The cookies of the provider. */
  readonly #cookies = new Map<string, string>();

  constructor(provider: Pick<IdentityProvider, 'issuer' | 'password'>) {
    this.#provider = provider;
  }

  /**
   * Follows the authorization URL, signs in unless the provider still knows this visitor, and
   * returns the callback URL, which is not requested.
   */
  async signIn(authorizationUrl: string | URL, login: string): Promise<URL> {
    const { password } = this.#provider;
    return this.#untilElsewhere(new URL(authorizationUrl), { login, password });
  }

  /** Follows the end_session URL, confirms, and returns the URL to which the provider sends back. */
  async signOut(endSessionUrl: string | URL): Promise<URL> {
    return this.#untilElsewhere(new URL(endSessionUrl), { logout: 'yes' });
  }

  async #untilElsewhere(start: URL, fields: Readonly<Record<string, string>>): Promise<URL> {
    const { origin } = new URL(this.#provider.issuer);
    let url = start;
    let form: URLSearchParams | undefined;
    let submitted = false;
    for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
      if (url.origin !== origin) return url;
      const response = await this.#request(url, form);
      form = undefined;
      const location = response.headers.get('location');
      if (location !== null) {
        url = new URL(location, url);
        continue;
      }
      const page = await response.text();
      const found = formOf(page);
      if (found === undefined || submitted)
        throw new Error(`${url.pathname} returned ${response.status}: ${textOf(page)}`);
      submitted = true;
      url = new URL(found.action, url);
      form = new URLSearchParams({ ...found.hidden, ...fields });
    }
    throw new Error(`${start.href} redirected more than ${MOST_REDIRECTS} times`);
  }

  async #request(url: URL, form: URLSearchParams | undefined): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

function formOf(page: string) {
  const action = /<form[^>]* action="([^"]*)"/.exec(page)?.[1];
  if (action === undefined) return undefined;
  const hidden = Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  );
  return { action: action.replaceAll('&amp;', '&'), hidden };
}

const textOf = (page: string) =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
