/** The identity provider of the tests and the demo, as a relying party sees it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  signedByStranger,
  signedWithPublicKey,
  unsigned,
  withClaims,
} from '../../../hack/identity-provider/misbehaviour.ts';
import {
  type IdentityProvider,
  startIdentityProvider,
} from '../../../hack/identity-provider/start.ts';
import { Visitor } from '../../../hack/identity-provider/visitor.ts';

const ID = 'scim-operator';
const SECRET = 'the-secret-of-the-client';
const REDIRECT = 'http://127.0.0.1:9/oauth/callback/okta';
const SIGNED_OUT = 'http://127.0.0.1:9/logout';
const ADA = {
  login: 'ada',
  claims: { sub: '00u1', preferred_username: 'ada@acme.example', email: 'ada@acme.example' },
};

let provider: IdentityProvider;
let listener: Server;
const logoutTokens: string[] = [];

beforeAll(async () => {
  listener = createServer(async (request, response) => {
    logoutTokens.push(new URLSearchParams(await text(request)).get('logout_token') ?? '');
    response.end();
  }).listen(0, '127.0.0.1');
  provider = await startIdentityProvider({ path: '/application/o/acme/', accounts: [ADA] });
  const { port } = listener.address() as AddressInfo;
  provider.putClient({
    id: ID,
    secret: SECRET,
    redirectUris: [REDIRECT],
    postLogoutRedirectUris: [SIGNED_OUT],
    backchannelLogoutUri: `http://127.0.0.1:${port}/`,
  });
});
afterAll(async () => {
  await provider.close();
  listener.close();
});
beforeEach(() => provider.misbehave({}));

const discover = () =>
  client.discovery(new URL(provider.issuer), ID, SECRET, client.ClientSecretBasic(SECRET), {
    execute: [client.allowInsecureRequests],
  });

/** The whole sign-in. Returns what the token endpoint returned. */
async function signIn(visitor: Visitor, login = ADA.login) {
  const config = await discover();
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const callback = await visitor.signIn(url, login);
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  return { config, tokens };
}

/** Verifies the signature against the published keys. */
const verify = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${provider.issuer}jwks`)), {
    issuer: provider.issuer,
    audience: ID,
  });

describe('the identity provider', () => {
  it('signs an account in, with its claims in the ID token', async () => {
    const { tokens } = await signIn(new Visitor(provider));
    expect(tokens.claims()).toMatchObject(ADA.claims);
    await verify(tokens.id_token ?? '');
  });

  it('refuses an unknown account and a wrong password', async () => {
    await expect(signIn(new Visitor(provider), 'mallory')).rejects.toThrow('password is wrong');
    const { issuer } = provider;
    const visitor = new Visitor({ issuer, password: 'guessed' });
    await expect(signIn(visitor)).rejects.toThrow('password is wrong');
  });

  it('asks a visitor it knows for nothing, even after a change of its key', async () => {
    const visitor = new Visitor(provider);
    const before = await signIn(visitor);
    await provider.rotateKey(false);
    const after = await signIn(visitor, 'not asked');
    await verify(after.tokens.id_token ?? '');
    await expect(verify(before.tokens.id_token ?? '')).rejects.toThrow('no applicable key');
  });

  it('publishes the previous key if it is kept', async () => {
    const { tokens } = await signIn(new Visitor(provider));
    await provider.rotateKey(true);
    await verify(tokens.id_token ?? '');
  });

  it('signs a visitor out, reports it to the client and sends the visitor back', async () => {
    const visitor = new Visitor(provider);
    const { config, tokens } = await signIn(visitor);
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: SIGNED_OUT,
      state: 'a state',
    });
    logoutTokens.length = 0;
    expect((await visitor.signOut(url)).href).toBe(`${SIGNED_OUT}?state=a+state`);
    expect(logoutTokens).toHaveLength(1);
    await expect(signIn(visitor, 'mallory')).rejects.toThrow('password is wrong');
  });

  it('ends the sessions of an account and reports it to the client', async () => {
    const { tokens } = await signIn(new Visitor(provider));
    logoutTokens.length = 0;
    expect(await provider.endSessions(ADA.login)).toContain(200);
    const received = await Promise.all(logoutTokens.map(verify));
    expect(received.map(({ payload }) => payload.sid)).toContain(tokens.claims()?.sid);
    expect(received[0]?.payload).toMatchObject({
      sub: ADA.claims.sub,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
  });
});

describe('a misbehaving identity provider', () => {
  const forged = async () => (await signIn(new Visitor(provider))).tokens.id_token ?? '';

  it('can be down', async () => {
    provider.misbehave({ down: true });
    await expect(discover()).rejects.toThrow('fetch failed');
  });

  it('can be slow', async () => {
    provider.misbehave({ delayMs: 300 });
    const since = performance.now();
    await discover();
    expect(performance.now() - since).toBeGreaterThan(290);
  });

  it('can send an ID token without a signature', async () => {
    provider.misbehave({ idToken: unsigned });
    await expect(forged()).rejects.toMatchObject({ code: 'OAUTH_INVALID_RESPONSE' });
  });

  it.each([
    ['signed with its public key', signedWithPublicKey],
    ['signed by a stranger', signedByStranger],
  ])('can send an ID token %s', async (_, idToken) => {
    let sent = '';
    provider.misbehave({
      idToken: async (original, key) => {
        sent = await idToken(original, key);
        return original;
      },
    });
    await forged();
    await expect(verify(sent)).rejects.toThrow();
  });

  it('can send other claims with its real signature', async () => {
    provider.misbehave({ idToken: withClaims({ nonce: 'swapped' }) });
    await expect(forged()).rejects.toMatchObject({
      code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
    });
  });

  it('can name another issuer in its discovery document and in the callback', async () => {
    provider.misbehave({
      discovery: (document) => {
        document.issuer = 'https://elsewhere.example';
      },
    });
    await expect(discover()).rejects.toMatchObject({
      code: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
    });
    provider.misbehave({
      callback: (url) => url.searchParams.set('iss', 'https://elsewhere.example'),
    });
    await expect(forged()).rejects.toMatchObject({ code: 'OAUTH_INVALID_RESPONSE' });
  });
});
