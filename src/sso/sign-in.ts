/** Sign-in and sign-out: the routes, the sessions behind them, and the providers. */
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import type { Access } from '../access/access.ts';
import type { Store } from '../directory/store/store.ts';
import type { Client } from '../kube/client.ts';
import type { Logger } from '../logger.ts';
import { Attempts } from './attempt.ts';
import type { ConfiguredProvider, SsoConfigFile } from './config/file.ts';
import { Flow } from './flow.ts';
import { Journal } from './journal.ts';
import { TokenReviewer } from './kubernetes-token.ts';
import { Logout } from './logout/routes.ts';
import type { SignInApp, SignInEnv, SignInPages } from './pages.ts';
import { Providers } from './providers.ts';
import { refusalOf } from './refusal.ts';
import { Seal } from './seal.ts';
import { SessionTokens } from './session-tokens.ts';
import { type SessionLimits, Sessions, type SignInSession } from './sessions.ts';

interface SignInOptions {
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** Without it, only Kubernetes tokens open sessions. */
  readonly config: Pick<SsoConfigFile, 'providers' | 'onChange'> | undefined;
  readonly store: Pick<Store, 'sessions' | 'identities' | 'people' | 'activity' | 'sealingKey'>;
  readonly access: Pick<Access, 'identityOf'>;
  readonly client: Pick<Client, 'review'>;
  readonly pages: SignInPages;
  readonly limits: SessionLimits;
  readonly log: Logger;
  readonly registry: Registry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Monotonic, in milliseconds; by default that of the process. */
  readonly clock?: () => number;
}

export interface SignIn {
  /** Serves `/oauth/…` and `/logout`. */
  readonly app: SignInApp;
  /**
   * Who sent the request. Rejects while the directory is unavailable, and with AccessError if the
   * token of the session can't be checked.
   */
  sessionOf(headers: Headers): Promise<SignInSession | undefined>;
  /** In the order of the configuration. */
  providers(): readonly Pick<ConfiguredProvider, 'name' | 'displayName' | 'tenants'>[];
  /**
   * Signs in the holder of a Kubernetes token: the value of `Set-Cookie`, or a message. `headers`
   * are those of the request, whose previous session ends.
   */
  signInWithToken(
    token: string,
    headers: Headers,
  ): Promise<{ readonly cookie: string } | { readonly refused: string; readonly status: number }>;
}

export function createSignIn(options: SignInOptions): SignIn {
  const { publicUrl, config, store, access, client, pages, limits, log, registry, now } = options;
  const { clock = () => performance.now() } = options;
  const providers = new Providers(config, publicUrl, log, clock);
  const sessions = new Sessions({
    store,
    limits,
    tokens: new SessionTokens(new TokenReviewer(client, now), clock),
    now,
    log,
    identityOf: (tenant, accessId) => access.identityOf(tenant, accessId),
    isTrusted: (provider, issuer, tenant) => providers.isTrusted(provider, issuer, tenant),
  });
  const journal = new Journal({ activity: store.activity, log, registry, now, clock });
  const idTokens = new Seal(store.sealingKey, 'ID token');
  const attempts = new Attempts(store.sealingKey, now);
  const reviewer = new TokenReviewer(client, now);
  const common = { publicUrl, store, providers, sessions, idTokens, journal, pages, log };

  const app = new Hono<SignInEnv>();
  new Flow({ ...common, attempts, now, clock }).serveOn(app);
  new Logout(common).serveOn(app);

  return {
    app,
    sessionOf: (headers) => sessions.of(headers),
    providers: () => providers.list(),
    signInWithToken: async (token, headers) => {
      const reviewed = await reviewer.review(token.trim());
      if ('reason' in reviewed) {
        const refusal = refusalOf(reviewed.reason);
        await journal.refused(refusal, 'kubernetes', { detail: reviewed.detail });
        return { refused: refusal.message, status: refusal.status };
      }
      const { holder, expiresAt = Number.POSITIVE_INFINITY } = reviewed;
      const end = Math.min(sessions.latestEnd(), expiresAt);
      const cookie = await sessions.begin({
        kind: 'kubernetes',
        holder,
        token: token.trim(),
        expiresAt: end,
      });
      if (cookie === undefined) throw new TypeError('a session without a person was not created');
      await sessions.end(headers);
      journal.holderSignedIn(holder.user);
      return { cookie };
    },
  };
}
