/** The ends of sessions: by the person, and by the provider. */
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { FoundSession, SessionOwner } from '../../directory/store/sessions.ts';
import type { Store } from '../../directory/store/store.ts';
import type { Logger } from '../../logger.ts';
import type { Journal } from '../journal.ts';
import type { SignInApp, SignInEnv, SignInPages } from '../pages.ts';
import type { Provider } from '../provider.ts';
import { ProviderError } from '../provider-error.ts';
import type { Providers } from '../providers.ts';
import { isSame, type Seal } from '../seal.ts';
import type { Sessions, SignInSession } from '../sessions.ts';
import { uncached } from '../uncached.ts';
import { UsedOnce } from '../used-once.ts';
import { readLogoutToken } from './backchannel.ts';
import { type LoggedOut, readSubject, verifyCaller } from './universal.ts';

interface LogoutParts {
  readonly publicUrl: string;
  readonly store: Pick<Store, 'sessions' | 'people'>;
  readonly providers: Providers;
  readonly sessions: Sessions;
  readonly idTokens: Seal;
  readonly journal: Journal;
  readonly pages: SignInPages;
  readonly log: Logger;
}

/** A logout token has one or two kilobytes. */
const MOST_BYTES = 65_536;

/** Whether the id of a token was not used before. */
type IsNew = (jti: string) => boolean;

export class Logout {
  readonly #parts: LogoutParts;
  /**
   * The ids of the tokens that providers sent. A repeated token could only end the sessions of
   * somebody who has signed in since.
   */
  readonly #tokens = new UsedOnce();

  constructor(parts: LogoutParts) {
    this.#parts = parts;
  }

  serveOn(app: SignInApp): void {
    const limit = bodyLimit({ maxSize: MOST_BYTES, onError: () => refused(413, 'too_large') });
    app.get('/logout', (context) => this.#show(context.req.raw.headers));
    app.post('/logout', limit, (context) => this.#signOut(context));
    app.post('/oauth/backchannel-logout/:provider', limit, (context) =>
      this.#byProvider(context, 400, (...by) => this.#backchannel(context, ...by)),
    );
    app.post('/oauth/universal-logout/:provider', limit, (context) =>
      this.#byProvider(context, 401, (...by) => this.#universal(context, ...by)),
    );
  }

  /** Also where providers send the browser afterwards. It never redirects, so there is no loop. */
  async #show(headers: Headers): Promise<Response> {
    const { sessions, pages } = this.#parts;
    const session = await sessions.unreviewed(headers);
    const page = session === undefined ? pages.signedOut() : pages.confirmSignOut(session);
    return uncached(await page);
  }

  async #signOut(context: Context<SignInEnv>): Promise<Response> {
    const { sessions, pages } = this.#parts;
    const { headers } = context.req.raw;
    const session = await sessions.unreviewed(headers);
    if (session !== undefined) {
      context.env?.admitBody?.();
      const { csrf } = await formOf(context);
      // Another site sent the form, or it is from an earlier session.
      if (typeof csrf !== 'string' || !isSame(session.csrf, csrf))
        return uncached(await pages.confirmSignOut(session));
    }
    const found = session === undefined ? undefined : await sessions.find(headers);
    const setCookie = await sessions.end(headers);
    if (session !== undefined) await this.#note(session);
    const response = uncached(await this.#afterwards(found));
    response.headers.append('set-cookie', setCookie);
    return response;
  }

  /** The provider has a session too, which would sign the person in again at once. */
  async #afterwards(found: FoundSession | undefined): Promise<Response> {
    const { providers, idTokens, pages, publicUrl } = this.#parts;
    if (found?.kind !== 'person' || found.sealedIdToken === undefined) return pages.signedOut();
    const provider = providers.get(found.provider);
    const idToken = idTokens.open(found.sealedIdToken, found.subject);
    if (provider === undefined || idToken === undefined) return pages.signedOut();
    const href = await provider.endSessionUrl(idToken, `${publicUrl}/logout`);
    return href === undefined
      ? pages.signedOut()
      : pages.leaving(href, provider.config.displayName);
  }

  async #note({ identity: { user }, tenant, person, via }: SignInSession): Promise<void> {
    const { journal } = this.#parts;
    if (tenant === undefined || person === undefined) return journal.holderSignedOut(user);
    await journal.signedOut({ tenant, provider: via, accessId: person.accessId, user });
  }

  async #byProvider(
    context: Context<SignInEnv>,
    invalid: number,
    act: (provider: Provider, isNew: IsNew) => Promise<Response>,
  ): Promise<Response> {
    const provider = this.#parts.providers.get(context.req.param('provider') ?? '');
    if (provider === undefined) return refused(404, 'unknown_provider');
    let used: string | undefined;
    const isNew: IsNew = (jti) => {
      const key = `${provider.config.name} ${jti}`;
      if (!this.#tokens.use(key)) return false;
      used = key;
      return true;
    };
    try {
      return await act(provider, isNew);
    } catch (error) {
      // The provider may send the same token again, for example if the directory was unavailable.
      if (used !== undefined) this.#tokens.forget(used);
      if (!(error instanceof ProviderError)) throw error;
      const { message: reason, failure } = error;
      const { name } = provider.config;
      this.#parts.log.debug({ provider: name, reason }, "provider's sign-out was refused");
      return failure === 'invalid'
        ? refused(invalid, 'invalid_token')
        : refused(503, 'unavailable');
    }
  }

  async #backchannel(
    context: Context<SignInEnv>,
    provider: Provider,
    isNew: IsNew,
  ): Promise<Response> {
    context.env?.admitBody?.();
    const { logout_token: token } = await formOf(context);
    if (typeof token !== 'string') return refused(400, 'invalid_request');
    await this.#end(provider, await readLogoutToken(provider, token, isNew));
    return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } });
  }

  async #universal(
    context: Context<SignInEnv>,
    provider: Provider,
    isNew: IsNew,
  ): Promise<Response> {
    const { name } = provider.config;
    const audience = `${this.#parts.publicUrl}/oauth/universal-logout/${name}`;
    const authorization = context.req.header('authorization');
    await verifyCaller(provider, authorization, audience, isNew);
    context.env?.admitBody?.();
    const body: unknown = await context.req.json().catch(() => undefined);
    const subject = readSubject(body);
    if (subject === undefined) return refused(422, 'unsupported_subject');
    const owners = await this.#ownersOf(provider, subject);
    if (owners.length === 0) return refused(404, 'unknown_user');
    for (const owner of owners) await this.#end(provider, owner);
    return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
  }

  /** Only in the provider's own tenants. */
  async #ownersOf(
    { config: { issuer, tenants } }: Provider,
    subject: LoggedOut,
  ): Promise<readonly SessionOwner[]> {
    if (subject.format === 'iss_sub')
      return subject.iss === issuer ? [{ issuer, subject: subject.sub }] : [];
    const { people } = this.#parts.store;
    // Okta's login name, which becomes the userName, is an address as well.
    const found = await Promise.all(
      tenants.flatMap((tenant) =>
        (['email', 'userName'] as const).map(async (by) => {
          const matches = await people.find(tenant, by, subject.email);
          return matches.map(({ id: accessId }) => ({ tenant, accessId }));
        }),
      ),
    );
    return found.flat();
  }

  async #end({ config: { name: provider } }: Provider, owner: SessionOwner): Promise<void> {
    const sessions = await this.#parts.store.sessions.endAll(owner);
    this.#parts.log.info({ provider, sessions }, 'provider ended sessions');
  }
}

const refused = (status: number, error: string): Response =>
  Response.json({ error }, { status, headers: { 'cache-control': 'no-store' } });

/** The fields of a form; none if the body isn't the form that its media type says. */
async function formOf({ req }: Context<SignInEnv>): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await req.parseBody();
  } catch (error) {
    if (error instanceof TypeError) return {};
    throw error;
  }
}
