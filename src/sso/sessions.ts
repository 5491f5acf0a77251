/** Sessions: a secret in a cookie, and a row in the directory that is read for each request. */
import { hash, randomBytes } from 'node:crypto';
import type { Identity } from '../access/identity.ts';
import {
  type FoundSession,
  type PersonSession,
  type SessionKey,
  type TokenHolder,
  type TokenSession,
  tenantOfSession,
} from '../directory/store/sessions.ts';
import type { Store } from '../directory/store/store.ts';
import type { Logger } from '../logger.ts';
import { deleteCookie, readCookies, setCookie } from './cookies.ts';
import { Seal } from './seal.ts';
import type { SessionTokens } from './session-tokens.ts';

/** Somebody who is signed in. */
export interface SignInSession {
  /** Identifies it in the directory. */
  readonly hash: string;
  /** What every form has to send back as `csrf`. */
  readonly csrf: string;
  readonly identity: Identity;
  /** Undefined for the holder of a Kubernetes token. */
  readonly tenant: string | undefined;
  readonly person:
    | {
        readonly accessId: string;
        readonly userName: string;
        readonly displayName: string | undefined;
      }
    | undefined;
  /** The name of the provider, or `kubernetes`. */
  readonly via: string;
  readonly expiresAt: number;
}

/** Milliseconds. */
export interface SessionLimits {
  /** A session that is not used for so long ends. */
  readonly idleMs: number;
  readonly lifetimeMs: number;
}

interface SessionsOptions {
  readonly store: Pick<Store, 'sessions' | 'sealingKey'>;
  readonly identityOf: (tenant: string, accessId: string) => Promise<Identity | undefined>;
  /** Whether the provider of this name and issuer may still sign users in to the tenant. */
  readonly isTrusted: (provider: string, issuer: string, tenant: string) => boolean;
  readonly limits: SessionLimits;
  readonly tokens: SessionTokens;
  readonly now: () => number;
  readonly log: Logger;
}

/** In the requests that a page sends by itself, which are no use of the session. */
export const LIVE_REFRESH = 'x-live-refresh';

const COOKIE = '__Host-scim-session';
const SECRET_BYTES = 32;
const COOKIE_VALUE = /^([\w-]{43})(?:\.([a-z0-9.-]+))?$/;
/** How exactly the last use is recorded. A shorter time would write more often. */
const TOUCH_MS = 60_000;

type SetHere = 'hash' | 'createdAt' | 'lastUsedAt' | 'sealedToken';
type NewSession =
  | Omit<PersonSession, SetHere>
  | (Omit<TokenSession, SetHere> & { readonly token: string });

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #csrf: Seal;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#csrf = new Seal(options.store.sealingKey, 'csrf');
  }

  /** When a session that begins now ends at the latest. */
  latestEnd(): number {
    return this.#options.now() + this.#options.limits.lifetimeMs;
  }

  /** Whom Kubernetes takes the person for. Undefined without the attribute that names one there. */
  identityOf(tenant: string, accessId: string): Promise<Identity | undefined> {
    return this.#options.identityOf(tenant, accessId);
  }

  /**
   * Returns the `Set-Cookie` line of a session with a new secret, or undefined if the person is
   * missing or inactive by now.
   */
  async begin(session: NewSession): Promise<string | undefined> {
    const { store, tokens, now } = this.#options;
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const [hash, at] = [hashOf(secret), now()];
    const common = { hash, createdAt: at, lastUsedAt: at };
    const isCreated = await store.sessions.create(
      session.kind === 'person'
        ? { ...session, ...common }
        : {
            kind: session.kind,
            holder: session.holder,
            expiresAt: session.expiresAt,
            sealedToken: tokens.close(session.token, hash, secret),
            ...common,
          },
    );
    return isCreated ? setCookie(COOKIE, cookieOf(session, secret)) : undefined;
  }

  /**
   * The live session of the request's cookie. Rejects while the directory is unavailable, and with
   * AccessError if the API server doesn't say whether it still accepts the session's token.
   */
  of(headers: Headers): Promise<SignInSession | undefined> {
    return this.#signedIn(headers, (found) => this.#reviewed(found, headers));
  }

  /** Without a question to the API server, so that a session can be ended while there is none. */
  unreviewed(headers: Headers): Promise<SignInSession | undefined> {
    return this.#signedIn(headers, async ({ holder }) => holder);
  }

  async #signedIn(
    headers: Headers,
    holderOf: (found: TokenSession) => Promise<TokenHolder | undefined>,
  ): Promise<SignInSession | undefined> {
    const found = await this.find(headers);
    if (found?.kind !== 'kubernetes') return found && this.#ofPerson(found);
    const holder = await holderOf(found);
    return holder && this.#ofHolder(found, holder);
  }

  /** Ends the session if the API server no longer accepts its token. */
  async #reviewed(found: TokenSession, headers: Headers): Promise<TokenHolder | undefined> {
    const { tokens, store, log } = this.#options;
    const holder = await tokens.holderOf(found, cookieIn(headers)?.secret ?? '');
    if (holder !== undefined) return holder;
    await store.sessions.end(keyOf(found));
    const { user } = found.holder;
    log.info({ user }, 'a session ended because its Kubernetes token was refused');
    return undefined;
  }

  async #ofPerson(found: Exclude<FoundSession, TokenSession>): Promise<SignInSession | undefined> {
    const { tenant, accessId, provider: via, person } = found;
    const identity = await this.identityOf(tenant, accessId);
    if (identity === undefined) return undefined;
    return { ...this.#common(found), identity, tenant, person: { accessId, ...person }, via };
  }

  #ofHolder(found: TokenSession, identity: TokenHolder): SignInSession {
    const none = { tenant: undefined, person: undefined };
    return { ...this.#common(found), ...none, identity, via: 'kubernetes' };
  }

  #common({ hash, expiresAt }: FoundSession) {
    return { hash, csrf: this.#csrf.sign(hash), expiresAt };
  }

  /** The row of the request's session, unless it is over. */
  async find(headers: Headers): Promise<FoundSession | undefined> {
    const { store, limits, now, isTrusted } = this.#options;
    const key = keyIn(headers);
    const found = key && (await store.sessions.find(key));
    if (found === undefined) return undefined;
    const at = now();
    const idleMs = at - found.lastUsedAt;
    if (at >= found.expiresAt || idleMs >= limits.idleMs) return undefined;
    if (found.kind === 'person' && !isTrusted(found.provider, found.issuer, found.tenant))
      return undefined;
    if (idleMs >= TOUCH_MS && !headers.has(LIVE_REFRESH)) this.#touch(keyOf(found), at);
    return found;
  }

  /** Ends the request's session, and returns the `Set-Cookie` line that deletes its cookie. */
  async end(headers: Headers): Promise<string> {
    const key = keyIn(headers);
    if (key !== undefined) await this.#options.store.sessions.end(key);
    return deleteCookie(COOKIE);
  }

  /** Not awaited, because no response depends on it. */
  #touch(key: SessionKey, at: number): void {
    this.#options.store.sessions
      .touch(key, at)
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'could not write the time of a session'),
      );
  }
}

/** The tenant is in the cookie, so that the session is looked up there alone. */
const cookieOf = (session: NewSession, secret: string): string =>
  session.kind === 'person' ? `${secret}.${session.tenant}` : secret;

function cookieIn(
  headers: Headers,
): { readonly secret: string; readonly tenant: string } | undefined {
  const [, secret, tenant = ''] = COOKIE_VALUE.exec(readCookies(headers).get(COOKIE) ?? '') ?? [];
  return secret === undefined ? undefined : { secret, tenant };
}

function keyIn(headers: Headers): SessionKey | undefined {
  const cookie = cookieIn(headers);
  return cookie && { tenant: cookie.tenant, hash: hashOf(cookie.secret) };
}

const keyOf = (found: FoundSession): SessionKey => ({
  tenant: tenantOfSession(found),
  hash: found.hash,
});

const hashOf = (secret: string): string => hash('sha256', secret);
