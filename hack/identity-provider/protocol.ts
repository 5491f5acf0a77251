/** The configuration of oidc-provider. */
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import type { Misbehaviour } from './misbehaviour.ts';
import { errorPage, signedOutPage, signOutPage } from './pages.ts';
import type { Records } from './records.ts';
import type { SigningKey } from './signing-key.ts';

/** Every claim that an account may have. All of them are in the ID token. */
export interface Claims {
  readonly sub: string;
  readonly preferred_username?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  /** The object id and the tenant of Microsoft Entra ID. */
  readonly oid?: string;
  readonly tid?: string;
  readonly upn?: string;
}

const CLAIMS: readonly (keyof Claims)[] = [
  'sub',
  'preferred_username',
  'email',
  'email_verified',
  'name',
  'oid',
  'tid',
  'upn',
];

const HOUR = 3_600;

export interface ProtocolOptions {
  readonly issuer: string;
  /** The path of the issuer, without a trailing slash. */
  readonly prefix: string;
  /** The first one signs; all of them are published. */
  readonly keys: readonly SigningKey[];
  readonly records: Records;
  readonly cookieSecret: string;
  /** Keeps the cookies of two providers on this machine apart, because cookies ignore the port. */
  readonly cookieSuffix: string;
  findClaims(sub: string): Claims | undefined;
  misbehaviour(): Misbehaviour;
}

export function createProtocol(options: ProtocolOptions): Provider {
  const provider = new Provider(options.issuer, configuration(options));
  provider.use(async (ctx, next) => {
    await next();
    await misbehave(ctx as KoaContextWithOIDC, options);
  });
  return provider;
}

function configuration(options: ProtocolOptions): Configuration {
  const { prefix, keys, records, cookieSecret, cookieSuffix, findClaims } = options;
  return {
    adapter: records.adapter,
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    claims: { openid: [...CLAIMS], profile: [], email: [] },
    conformIdTokenClaims: false,
    cookies: {
      keys: [cookieSecret],
      names: {
        session: `session_${cookieSuffix}`,
        interaction: `interaction_${cookieSuffix}`,
        resume: `resume_${cookieSuffix}`,
      },
    },
    interactions: { url: (_, { uid }) => `${prefix}/sign-in/${uid}` },
    findAccount: (_, sub) => {
      const claims = findClaims(sub);
      return claims && { accountId: sub, claims: async () => ({ ...claims }) };
    },
    // Nobody is asked for consent.
    loadExistingGrant: async ({ oidc }) => {
      const { client, session, provider } = oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const known = session.grantIdFor(client.clientId);
      const existing = known === undefined ? undefined : await provider.Grant.find(known);
      if (existing !== undefined) return existing;
      const grant = new provider.Grant({
        clientId: client.clientId,
        accountId: session.accountId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    // In seconds.
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: 60,
      Grant: 24 * HOUR,
      IdToken: HOUR,
      Interaction: HOUR,
      Session: 24 * HOUR,
    },
    pkce: { required: () => true },
    // oidc-provider's own agent refuses to connect to loopback addresses.
    fetch: (url, init) => {
      const { dispatcher: _, ...rest }: RequestInit & { dispatcher?: unknown } = init ?? {};
      return fetch(url, rest);
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(`${out.error}: ${out.error_description ?? ''}`);
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = signedOutPage();
        },
      },
    },
  };
}

/** Changes the response of oidc-provider. */
async function misbehave(ctx: KoaContextWithOIDC, options: ProtocolOptions): Promise<void> {
  const { discovery, idToken, callback } = options.misbehaviour();
  const [key] = options.keys;
  const body = ctx.body as Record<string, unknown> | undefined;
  const route = ctx.oidc?.route;
  if (route === 'discovery' && body !== undefined) discovery?.(body);
  if (route === 'token' && typeof body?.id_token === 'string' && key !== undefined)
    body.id_token = (await idToken?.(body.id_token, key)) ?? body.id_token;
  const location = ctx.response.get('location');
  if ((route === 'authorization' || route === 'resume') && URL.canParse(location)) {
    const url = new URL(location);
    if (url.origin === new URL(options.issuer).origin) return;
    callback?.(url);
    ctx.set('location', url.href);
  }
}
