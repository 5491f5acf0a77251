/** Sessions: a secret in a cookie, and a row in the directory that is read for each request. */
import { hash, randomBytes } from 'node:crypto';
import type { Identity } from '../access/identity.ts';
import type { FoundSession, SessionRecord } from '../directory/store/sessions.ts';
import type { Store } from '../directory/store/store.ts';
import type { Logger } from '../logger.ts';
import { deleteCookie, readCookies, setCookie } from './cookies.ts';
import { Seal } from './seal.ts';

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
  readonly now: () => number;
  readonly log: Logger;
}

/** In the requests that a page sends by itself, which are no use of the session. */
export const LIVE_REFRESH = 'x-live-refresh';

const COOKIE = '__Host-scim-session';
const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;
/** How exactly the last use is recorded. A shorter time would write more often. */
const TOUCH_MS = 60_000;

type NewSession<T> = T extends SessionRecord ? Omit<T, 'hash' | 'createdAt' | 'lastUsedAt'> : never;

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
  async begin(session: NewSession<SessionRecord>): Promise<string | undefined> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const at = this.#options.now();
    const times = { hash: hashOf(secret), createdAt: at, lastUsedAt: at };
    const isCreated = await this.#options.store.sessions.create({ ...session, ...times });
    return isCreated ? setCookie(COOKIE, secret) : undefined;
  }

  /** The live session of the request's cookie. Rejects while the directory is unavailable. */
  async of(headers: Headers): Promise<SignInSession | undefined> {
    const found = await this.find(headers);
    if (found === undefined) return undefined;
    const { hash, expiresAt } = found;
    const common = { hash, csrf: this.#csrf.sign(hash), expiresAt };
    if (found.kind === 'kubernetes') {
      const { holder: identity } = found;
      return { ...common, identity, tenant: undefined, person: undefined, via: 'kubernetes' };
    }
    const { tenant, accessId, provider: via } = found;
    const identity = await this.identityOf(tenant, accessId);
    if (identity === undefined) return undefined;
    return { ...common, identity, tenant, person: { accessId, ...found.person }, via };
  }

  /** The row of the request's session, unless it is over. */
  async find(headers: Headers): Promise<FoundSession | undefined> {
    const { store, limits, now, isTrusted } = this.#options;
    const hash = this.hashIn(headers);
    const found = hash === undefined ? undefined : await store.sessions.find(hash);
    if (found === undefined) return undefined;
    const at = now();
    const idleMs = at - found.lastUsedAt;
    if (at >= found.expiresAt || idleMs >= limits.idleMs) return undefined;
    if (found.kind === 'person' && !isTrusted(found.provider, found.issuer, found.tenant))
      return undefined;
    if (idleMs >= TOUCH_MS && !headers.has(LIVE_REFRESH)) this.#touch(found.hash, at);
    return found;
  }

  /** Ends the request's session, and returns the `Set-Cookie` line that deletes its cookie. */
  async end(headers: Headers): Promise<string> {
    const hash = this.hashIn(headers);
    if (hash !== undefined) await this.#options.store.sessions.end(hash);
    return deleteCookie(COOKIE);
  }

  hashIn(headers: Headers): string | undefined {
    const secret = readCookies(headers).get(COOKIE);
    return secret !== undefined && SECRET.test(secret) ? hashOf(secret) : undefined;
  }

  /** Not awaited, because no response depends on it. */
  #touch(hash: string, at: number): void {
    this.#options.store.sessions
      .touch(hash, at)
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'could not write the time of a session'),
      );
  }
}

const hashOf = (secret: string): string => hash('sha256', secret);
