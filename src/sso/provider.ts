/**
 * An identity provider: what its discovery document says, its keys, and the exchange of a code.
 * Nothing is asked of it before it is needed, and what it said last is kept while it is unreachable.
 */
import {
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
  type RemoteJWKSet,
} from 'jose';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  clockTolerance,
  discovery,
  fetchUserInfo,
} from 'openid-client';
import { ConcurrencyLimit } from '../access/concurrency-limit.ts';
import type { Logger } from '../logger.ts';
import { Outage } from '../outage.ts';
import type { Attempt } from './attempt.ts';
import type { ConfiguredProvider } from './config/file.ts';
import { ProviderError } from './provider-error.ts';

/** What the provider says about the person who signed in there. */
export interface SignedInAccount {
  readonly subject: string;
  /** The provider's id of its session. */
  readonly sid: string | undefined;
  readonly idToken: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

interface Discovered {
  readonly configuration: Configuration;
  readonly keys: RemoteJWKSet;
  readonly algorithms: string[];
  readonly at: number;
}

const TIMEOUT_SECONDS = 5;
/** After this time, the document is read again in the background. */
const REFRESH_MS = 3_600_000;
/** A failure is repeated to everyone for this long, so that an outage isn't made worse. */
const FAILURE_KEPT_MS = 1_000;
/** Of the clocks of two machines. */
const TOLERANCE_SECONDS = 30;
const EXCHANGES = { what: 'sign-ins', atOnce: 32, waiting: 256 };
/** Signatures that need the provider's private key: neither none nor a shared secret. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

export class Provider {
  #config: ConfiguredProvider;
  readonly #callback: string;
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #outage = new Outage();
  readonly #exchanges = new ConcurrencyLimit(EXCHANGES);
  #known: Discovered | undefined;
  #pending: Promise<Discovered> | undefined;
  #failure: { readonly error: ProviderError; readonly at: number } | undefined;
  #keysReloadedAt = Number.NEGATIVE_INFINITY;

  /** `clock` is monotonic, in milliseconds. */
  constructor(config: ConfiguredProvider, publicUrl: string, log: Logger, clock: () => number) {
    this.#config = config;
    this.#callback = `${publicUrl}/oauth/callback/${config.name}`;
    this.#log = log;
    this.#clock = clock;
  }

  get config(): ConfiguredProvider {
    return this.#config;
  }

  /** Takes over the changes. Returns false if they make it another provider or client. */
  update(config: ConfiguredProvider): boolean {
    const { issuer, clientId } = this.#config;
    if (config.issuer !== issuer || config.clientId !== clientId) return false;
    this.#config = config;
    return true;
  }

  /**
   * The address at the provider that begins the sign-in. With `asks`, it asks for an account even if
   * it knows one. Rejects with ProviderError.
   */
  async authorizationUrl({ state, nonce, verifier }: Attempt, asks: boolean): Promise<URL> {
    const { configuration } = await this.#discovered();
    return buildAuthorizationUrl(configuration, {
      redirect_uri: this.#callback,
      scope: this.#config.scopes.join(' '),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(asks ? { prompt: 'login' } : {}),
    });
  }

  /**
   * Exchanges the code in the query of the callback, and checks everything that came with it.
   * Rejects with ProviderError.
   */
  async exchange(query: string, attempt: Attempt): Promise<SignedInAccount> {
    const known = await this.#discovered();
    // The provider compares it with the redirect_uri. The request's own URL may be that of a proxy.
    const url = new URL(`${this.#callback}?${query}`);
    return this.#exchanges.run(async () => {
      try {
        const tokens = await authorizationCodeGrant(known.configuration, url, {
          pkceCodeVerifier: attempt.verifier,
          expectedState: attempt.state,
          expectedNonce: attempt.nonce,
          idTokenExpected: true,
        });
        const { id_token: idToken = '', access_token: accessToken } = tokens;
        // The library trusts the connection to the provider instead of the signature.
        const { payload } = await this.#verify(known, idToken, {});
        const { sub = '', sid } = payload;
        const claims = await this.#withUserInfo(known, payload, accessToken, sub);
        return { subject: sub, sid: typeof sid === 'string' ? sid : undefined, idToken, claims };
      } catch (error) {
        throw ProviderError.from(error);
      }
    });
  }

  /** Verifies a token that the provider signed for this client. Rejects with ProviderError. */
  async verify(token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
    const known = await this.#discovered();
    try {
      return await this.#verify(known, token, options);
    } catch (error) {
      throw ProviderError.from(error);
    }
  }

  /**
   * The address at which the provider ends its own session. Undefined if it has none, or if it is
   * unreachable and was so before.
   */
  async endSessionUrl(idToken: string, returnTo: string): Promise<string | undefined> {
    const known = await this.#discovered().catch(() => undefined);
    if (known?.configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    const parameters = { id_token_hint: idToken, post_logout_redirect_uri: returnTo };
    return buildEndSessionUrl(known.configuration, parameters).href;
  }

  async #verify(known: Discovered, token: string, options: JWTVerifyOptions) {
    const { issuer, clientId } = this.#config;
    const all: JWTVerifyOptions = {
      issuer,
      audience: clientId,
      algorithms: known.algorithms,
      clockTolerance: TOLERANCE_SECONDS,
      ...options,
    };
    try {
      return await jwtVerify(token, known.keys, all);
    } catch (error) {
      // The provider has changed its keys since they were read. jose asks again, but not often.
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (!this.#mayReloadKeys()) throw error;
      await known.keys.reload();
      return jwtVerify(token, known.keys, all);
    }
  }

  /** Once a second, because anybody can send a token with an unknown key. */
  #mayReloadKeys(): boolean {
    if (this.#clock() - this.#keysReloadedAt < FAILURE_KEPT_MS) return false;
    this.#keysReloadedAt = this.#clock();
    return true;
  }

  /** Some providers leave claims out of the ID token if they also issue an access token. */
  async #withUserInfo(
    known: Discovered,
    payload: JWTPayload,
    accessToken: string,
    sub: string,
  ): Promise<SignedInAccount['claims']> {
    const { claim } = this.#config.match;
    const { userinfo_endpoint: endpoint } = known.configuration.serverMetadata();
    const needed = claim === 'email' ? ['email', 'email_verified'] : [claim];
    if (endpoint === undefined || needed.every((name) => Object.hasOwn(payload, name)))
      return payload;
    const info = await fetchUserInfo(known.configuration, accessToken, sub);
    const claims: SignedInAccount['claims'] = { ...info, ...payload };
    if (claim !== 'email') return claims;
    // What one response says about its own address must not verify that of the other.
    return { ...claims, email: info.email, email_verified: info.email_verified };
  }

  async #discovered(): Promise<Discovered> {
    const known = this.#known;
    const now = this.#clock();
    const hasFailed = this.#failure !== undefined && now - this.#failure.at < FAILURE_KEPT_MS;
    if (known !== undefined) {
      if (now - known.at >= REFRESH_MS && !hasFailed) this.#discover().catch(() => undefined);
      return known;
    }
    if (hasFailed && this.#failure !== undefined) throw this.#failure.error;
    return this.#discover();
  }

  /** Everyone who asks meanwhile gets the same result. */
  #discover(): Promise<Discovered> {
    this.#pending ??= this.#readDocument().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #readDocument(): Promise<Discovered> {
    const { name: provider, issuer, clientId } = this.#config;
    try {
      const isPlain = issuer.startsWith('http:');
      const configuration = await discovery(
        new URL(issuer),
        clientId,
        { [clockTolerance]: TOLERANCE_SECONDS },
        this.#authenticate,
        { timeout: TIMEOUT_SECONDS, execute: isPlain ? [allowInsecureRequests] : [] },
      );
      this.#known = { ...usable(configuration, issuer), at: this.#clock() };
      this.#failure = undefined;
      if (this.#outage.ends())
        this.#log.info({ provider, issuer }, 'identity provider responds again');
      return this.#known;
    } catch (cause) {
      const error = ProviderError.from(cause, issuer);
      this.#failure = { error, at: this.#clock() };
      const { message: reason } = error;
      if (this.#outage.begins(reason))
        this.#log.warn({ provider, issuer, reason }, "identity provider can't be used; retrying");
      throw error;
    }
  }

  readonly #authenticate: ClientAuth = (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const inHeader = methods.includes('client_secret_basic');
    // Read now, because the secret may have been replaced since the document was read.
    const { clientSecret } = this.#config;
    const authenticate = inHeader
      ? ClientSecretBasic(clientSecret)
      : ClientSecretPost(clientSecret);
    authenticate(server, client, body, headers);
  };
}

function usable(configuration: Configuration, issuer: string): Omit<Discovered, 'at'> {
  const document = configuration.serverMetadata();
  if (document.issuer !== issuer) throw ProviderError.otherIssuer(document.issuer, issuer);
  const { jwks_uri: jwksUri, id_token_signing_alg_values_supported: signing = ['RS256'] } =
    document;
  if (jwksUri === undefined || (jwksUri.startsWith('http:') && issuer.startsWith('https:')))
    throw new ProviderError('unusable', 'the discovery document has no https address of keys');
  const algorithms = signing.filter((each) => ALGORITHMS.includes(each));
  if (algorithms.length === 0)
    throw new ProviderError(
      'unusable',
      `ID tokens are signed with ${signing.join(', ')}; configure one of ${ALGORITHMS.join(', ')}`,
    );
  const keys = createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: TIMEOUT_SECONDS * 1_000 });
  return { configuration, keys, algorithms };
}
