/** The authorization code flow: to the provider, and back with a session. */
import type { Context } from 'hono';
import { randomPKCECodeVerifier } from 'openid-client';
import type { Store } from '../directory/store/store.ts';
import { isPrivate } from '../http/loopback.ts';
import type { Attempt, Attempts } from './attempt.ts';
import { LABEL } from './config/schema.ts';
import { readCookies } from './cookies.ts';
import type { Journal, RefusalDetails } from './journal.ts';
import { MinuteBudget } from './minute-budget.ts';
import type { SignInApp, SignInEnv, SignInPages } from './pages.ts';
import { accountName, bindAccount, type FoundPerson, findPerson } from './person.ts';
import type { Provider, SignedInAccount } from './provider.ts';
import { ProviderError } from './provider-error.ts';
import type { Providers } from './providers.ts';
import { type Refusal, type RefusalReason, refusalOf } from './refusal.ts';
import { returnTarget } from './return-target.ts';
import type { Seal } from './seal.ts';
import type { Sessions } from './sessions.ts';
import { uncached } from './uncached.ts';

interface FlowParts {
  readonly publicUrl: string;
  readonly store: Pick<Store, 'identities' | 'people'>;
  readonly providers: Providers;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly idTokens: Seal;
  readonly journal: Journal;
  readonly pages: SignInPages;
  readonly now: () => number;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

/** Sign-ins of a user in a minute. Each one writes a session and an entry in the log. */
const MOST_SIGN_INS = 60;

export class Flow {
  readonly #parts: FlowParts;
  readonly #signIns: MinuteBudget;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.#signIns = new MinuteBudget(MOST_SIGN_INS, parts.clock);
  }

  serveOn(app: SignInApp): void {
    app.get('/oauth/login/:provider', (context) => this.#login(context));
    app.get('/oauth/callback/:provider', (context) => this.#callback(context));
  }

  async #login(context: Context<SignInEnv>): Promise<Response> {
    const { providers, attempts, publicUrl } = this.#parts;
    const name = context.req.param('provider') ?? '';
    const provider = providers.get(name);
    if (provider === undefined) return this.#refuse(refusalOf('unknownProvider'), 'unknown');
    if (!isPrivate(new URL(publicUrl))) return this.#refuse(refusalOf('insecure'), name);
    // Pages and the log repeat it, and a stranger may have written the address. Whether it exists is
    // not checked: the response must not tell a stranger which tenants do.
    const tenant = context.req.query('tenant') ?? '';
    if (tenant !== '' && !LABEL.test(tenant)) return this.#refuse(refusalOf('unknownTenant'), name);
    const { attempt, setCookies } = attempts.begin(
      {
        provider: name,
        tenant: tenant === '' ? undefined : tenant,
        returnTo: returnTarget(context.req.query('to')),
        verifier: randomPKCECodeVerifier(),
      },
      readCookies(context.req.raw.headers),
    );
    try {
      const asks = context.req.query('prompt') === 'login';
      const url = await provider.authorizationUrl(attempt, asks);
      return redirect(url.href, setCookies);
    } catch (error) {
      return this.#failed(error, provider, attempt);
    }
  }

  async #callback(context: Context<SignInEnv>): Promise<Response> {
    const { providers, attempts } = this.#parts;
    const { headers } = context.req.raw;
    const name = context.req.param('provider') ?? '';
    const provider = providers.get(name);
    if (provider === undefined) return this.#refuse(refusalOf('unknownProvider'), 'unknown');
    const query = new URL(context.req.url).search.slice(1);
    const states = new URLSearchParams(query).getAll('state');
    const [state = ''] = states.length === 1 ? states : [];
    const attempt = attempts.take(state, name, readCookies(headers));
    if (attempt === undefined)
      return this.#refuse(
        refusalOf('attempt', provider.config, { again: `/oauth/login/${name}` }),
        name,
        { detail: 'no attempt has this state' },
      );
    const response = await this.#complete(provider, attempt, query, headers);
    response.headers.append('set-cookie', attempts.end(state));
    return response;
  }

  async #complete(
    provider: Provider,
    attempt: Attempt,
    query: string,
    headers: Headers,
  ): Promise<Response> {
    let account: SignedInAccount;
    try {
      account = await provider.exchange(query, attempt);
    } catch (error) {
      return this.#failed(error, provider, attempt);
    }
    const { people } = this.#parts.store;
    const found = await findPerson(people, provider.config, attempt.tenant, account.claims);
    if ('reason' in found)
      return this.#refuseAccount(found.reason, provider, account, attempt, found.tenant);
    if ('several' in found) return this.#choose(found.several, account, attempt);
    return this.#admit(found.one, provider, account, attempt, headers);
  }

  async #admit(
    found: FoundPerson,
    provider: Provider,
    account: SignedInAccount,
    attempt: Attempt,
    headers: Headers,
  ): Promise<Response> {
    const { store, sessions, idTokens, journal, now } = this.#parts;
    const { tenant, person } = found;
    const { issuer, name } = provider.config;
    const { subject, sid, idToken } = account;
    const refuse = (reason: RefusalReason) =>
      this.#refuseAccount(reason, provider, account, attempt, tenant);
    if (!this.#signIns.spend(`${tenant} ${person.id}`)) return refuse('tooOften');
    const obstacle = await bindAccount(store.identities, found, { issuer, subject }, now());
    if (obstacle !== undefined) return refuse(obstacle);
    const identity = await sessions.identityOf(tenant, person.id);
    if (identity === undefined) return refuse('unnamed');
    const setCookie = await sessions.begin({
      kind: 'person',
      tenant,
      accessId: person.id,
      provider: name,
      issuer,
      subject,
      sid,
      sealedIdToken: idTokens.close(idToken, subject),
      expiresAt: sessions.latestEnd(),
    });
    // Deactivated or deleted since it was found.
    if (setCookie === undefined) return refuse('inactive');
    // Whatever session the browser had, it must not live on under another secret.
    await sessions.end(headers);
    const { user } = identity;
    await journal.signedIn({ tenant, provider: name, accessId: person.id, user });
    return redirect(attempt.returnTo, [setCookie]);
  }

  async #choose(
    found: readonly FoundPerson[],
    account: SignedInAccount,
    attempt: Attempt,
  ): Promise<Response> {
    const choices = found.map(({ tenant }) => ({
      tenant,
      href: loginAddress(attempt, { tenant }),
    }));
    return uncached(await this.#parts.pages.chooseTenant(choices, accountName(account)));
  }

  #failed(error: unknown, provider: Provider, attempt: Attempt): Promise<Response> {
    if (!(error instanceof ProviderError)) throw error;
    const { tenant } = attempt;
    const again = loginAddress(attempt);
    const refusal = refusalOf(error.failure, provider.config, { tenant, again });
    return this.#refuse(refusal, provider.config.name, { detail: error.message });
  }

  #refuseAccount(
    reason: RefusalReason,
    { config }: Provider,
    account: SignedInAccount,
    attempt: Attempt,
    tenant: string | undefined,
  ): Promise<Response> {
    const again = loginAddress(attempt, { prompt: 'login' });
    const named = { account: accountName(account), tenant, again };
    const isKnown = tenant !== undefined && config.tenants.includes(tenant);
    const about = isKnown ? { subject: account.subject } : {};
    return this.#refuse(refusalOf(reason, config, named), config.name, about);
  }

  async #refuse(refusal: Refusal, provider: string, about: RefusalDetails = {}): Promise<Response> {
    const { journal, pages } = this.#parts;
    await journal.refused(refusal, provider, about);
    return uncached(await pages.refused(refusal));
  }
}

/** The same sign-in again. */
function loginAddress(
  { provider, tenant, returnTo }: Attempt,
  changes: Readonly<Record<string, string>> = {},
): string {
  const wanted = { ...(tenant === undefined ? {} : { tenant }), to: returnTo, ...changes };
  return `/oauth/login/${provider}?${new URLSearchParams(wanted)}`;
}

/** 303, with cookies. Nothing on the way may keep it. */
function redirect(location: string, setCookies: readonly string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' });
  for (const each of setCookies) headers.append('set-cookie', each);
  return new Response(null, { status: 303, headers });
}
