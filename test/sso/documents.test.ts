/**
 * The discovery documents that the products publish, under their own addresses. No test can reach
 * those, so the documents take the place of the network.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConfiguredProvider } from '../../src/sso/config/file.ts';
import { parseSsoConfig } from '../../src/sso/config/parse.ts';
import { Provider } from '../../src/sso/provider.ts';
import { captureLog } from '../support/captured-log.ts';

const PUBLIC_URL = 'https://scim.acme.example';
const ENTRA = 'https://login.microsoftonline.com/7b0e5f6c-4d9d-4d2c-9d1e-5a2f0c3b8a11';

/** What was asked of the network. */
const asked: Request[] = [];
let document = '';
beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal('fetch', async (url: string | URL, init?: RequestInit) => {
    const request = new Request(url, init);
    asked.push(request);
    if (request.url.endsWith('/.well-known/openid-configuration')) return json(document);
    return json('{"error":"invalid_grant"}', 400);
  });
});
afterEach(() => vi.unstubAllGlobals());

const json = (body: string, status = 200) =>
  new Response(body, { status, headers: { 'content-type': 'application/json' } });

function providerOf(name: string, issuer: string, file: string, clock = () => performance.now()) {
  document = readFileSync(new URL(`documents/${file}.json`, import.meta.url), 'utf8');
  const fields = { clientId: 'client', clientSecretFile: '/secret', tenants: ['acme'] };
  const [config] = parseSsoConfig(JSON.stringify({ providers: [{ name, issuer, ...fields }] }));
  const configured = { ...config, clientSecret: 'geheim' } as ConfiguredProvider;
  const { log } = captureLog();
  return new Provider(configured, PUBLIC_URL, log, clock);
}

const ATTEMPT = {
  provider: 'p',
  tenant: 'acme',
  state: 's',
  nonce: 'n',
  verifier: 'v'.repeat(43),
  returnTo: '/console',
  startedAt: 0,
};

describe.each([
  ['okta', 'https://acme.okta.com', 'okta-organisation', 'https://acme.okta.com/oauth2/v1'],
  [
    'okta',
    'https://acme.okta.com/oauth2/default',
    'okta-default',
    'https://acme.okta.com/oauth2/default/v1',
  ],
  ['entra', `${ENTRA}/v2.0`, 'entra', `${ENTRA}/oauth2/v2.0`],
  [
    'authentik',
    'https://auth.acme.example/application/o/scim-operator/',
    'authentik',
    'https://auth.acme.example/application/o',
  ],
  [
    'keycloak',
    'https://sso.acme.example/realms/acme',
    'keycloak',
    'https://sso.acme.example/realms/acme/protocol/openid-connect',
  ],
])('the document of %s at %s', (name, issuer, file, endpoints) => {
  it('is found below the issuer and leads to the endpoints in it', async () => {
    const provider = providerOf(name, issuer, file);
    const url = await provider.authorizationUrl(ATTEMPT, false);
    expect(asked.map((request) => request.url)).toEqual([
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    ]);
    expect(url.href.startsWith(`${endpoints}/auth`)).toBe(true);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'client',
      response_type: 'code',
      scope: 'openid profile email',
      redirect_uri: `${PUBLIC_URL}/oauth/callback/${name}`,
      state: 's',
      nonce: 'n',
      code_challenge_method: 'S256',
    });
    const exchange = provider.exchange(`code=c&state=s&iss=${encodeURIComponent(issuer)}`, ATTEMPT);
    await expect(exchange).rejects.toMatchObject({ failure: 'invalid' });
    const [, token] = asked;
    expect(token?.url.startsWith(`${endpoints}/token`)).toBe(true);
    const basic = `Basic ${Buffer.from('client:geheim').toString('base64')}`;
    expect(token?.headers.get('authorization')).toBe(basic);
    const sent = new URLSearchParams(await token?.text());
    expect(sent.get('redirect_uri')).toBe(`${PUBLIC_URL}/oauth/callback/${name}`);
    expect(sent.get('code_verifier')).toBe(ATTEMPT.verifier);
  });

  it('leads to the end of the session at the provider', async () => {
    const provider = providerOf(name, issuer, file);
    const url = new URL((await provider.endSessionUrl('eyJ', `${PUBLIC_URL}/logout`)) ?? '');
    expect(url.href).toMatch(/logout|end-session/);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      id_token_hint: 'eyJ',
      post_logout_redirect_uri: `${PUBLIC_URL}/logout`,
      client_id: 'client',
    });
  });
});

describe('an issuer that is almost right', () => {
  it.each([
    ['authentik', 'https://auth.acme.example/application/o/scim-operator', 'authentik'],
    ['keycloak', 'https://sso.acme.example/realms/acme/', 'keycloak'],
    ['okta', 'https://acme.okta.com/', 'okta-organisation'],
    ['okta', 'https://acme-admin.okta.com', 'okta-organisation'],
    ['keycloak', 'https://keycloak.internal/realms/acme', 'keycloak'],
    ['entra', 'https://login.microsoftonline.com/acme.example/v2.0', 'entra'],
    ['entra', `${ENTRA}/v2.0`, 'entra-common'],
  ])('of %s, %s, is refused with both spellings', async (name, issuer, file) => {
    const provider = providerOf(name, issuer, file);
    const published = JSON.parse(document).issuer;
    await expect(provider.authorizationUrl(ATTEMPT, false)).rejects.toMatchObject({
      failure: 'unusable',
      message: expect.stringContaining(
        `names the issuer ${published}, but the configuration has ${issuer}`,
      ),
    });
  });
});

describe('a provider that takes the secret in the body only', () => {
  it('gets it there', async () => {
    const provider = providerOf('keycloak', 'https://sso.acme.example/realms/acme', 'keycloak');
    document = JSON.stringify({
      ...JSON.parse(document),
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    });
    const iss = encodeURIComponent('https://sso.acme.example/realms/acme');
    await provider.exchange(`code=c&state=s&iss=${iss}`, ATTEMPT).catch(() => undefined);
    expect(asked[1]?.headers.get('authorization')).toBeNull();
    expect(new URLSearchParams(await asked[1]?.text()).get('client_secret')).toBe('geheim');
  });
});

describe('a provider', () => {
  const KEYCLOAK = ['keycloak', 'https://sso.acme.example/realms/acme', 'keycloak'] as const;
  let clock = 0;
  const begin = (provider: Provider) => provider.authorizationUrl(ATTEMPT, false);

  it('is asked once a second while its document can not be read', async () => {
    clock = 0;
    const provider = providerOf(...KEYCLOAK, () => clock);
    const published = document;
    document = '{}';
    for (let tries = 0; tries < 5; tries++) await expect(begin(provider)).rejects.toThrow();
    expect(asked).toHaveLength(1);
    clock = 1_000;
    document = published;
    await begin(provider);
    expect(asked).toHaveLength(2);
  });

  it('is asked once by many at the same time', async () => {
    const provider = providerOf(...KEYCLOAK, () => clock);
    await Promise.all(Array.from({ length: 10 }, () => begin(provider)));
    expect(asked).toHaveLength(1);
  });

  it('is asked again after an hour, and nobody waits for it or for its failure', async () => {
    clock = 0;
    const provider = providerOf(...KEYCLOAK, () => clock);
    const { href } = await begin(provider);
    document = '{}';
    clock = 3_600_000;
    for (let tries = 0; tries < 3; tries++) expect((await begin(provider)).href).toBe(href);
    await expect.poll(() => asked.length).toBe(2);
  });
});
