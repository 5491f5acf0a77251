/** What the file of --sso-config may contain, and what its errors say. */
import { describe, expect, it } from 'vitest';
import { parseSsoConfig, SsoConfigError } from '../../../src/sso/config/parse.ts';

const OKTA = {
  name: 'okta',
  issuer: 'https://acme.okta.com',
  clientId: '0oa1',
  clientSecretFile: '/etc/sso/okta',
  tenants: ['acme'],
};

const parse = (...providers: readonly object[]) => parseSsoConfig(JSON.stringify({ providers }));

/** The message of the error, which must be one line. */
function errorOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof SsoConfigError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.message;
  }
  throw new Error('the configuration was accepted');
}

describe('the sign-in configuration', () => {
  it('is YAML, with defaults for each provider', () => {
    const [provider] = parseSsoConfig(`
# The company's directory.
providers:
  - name: okta
    issuer: https://acme.okta.com
    clientId: 0oa1
    clientSecretFile: /etc/sso/okta
    tenants: [acme, acme]
`);
    expect(provider).toEqual({
      ...OKTA,
      type: 'Okta',
      displayName: 'Okta',
      scopes: ['openid', 'profile', 'email'],
      match: { claim: 'sub', attribute: 'externalId' },
      defaultRole: undefined,
    });
  });

  it.each([
    ['okta', undefined, 'Okta', { claim: 'sub', attribute: 'externalId' }],
    ['entra', undefined, 'Microsoft Entra ID', { claim: 'oid', attribute: 'externalId' }],
    ['authentik', undefined, 'authentik', { claim: 'sub', attribute: 'externalId' }],
    ['keycloak', undefined, 'Keycloak', { claim: 'preferred_username', attribute: 'userName' }],
    ['staff', undefined, 'staff', { claim: 'preferred_username', attribute: 'userName' }],
    ['staff', 'EntraID', 'Microsoft Entra ID', { claim: 'oid', attribute: 'externalId' }],
    [
      'constructor',
      undefined,
      'constructor',
      { claim: 'preferred_username', attribute: 'userName' },
    ],
  ])('names and matches the users of %s with type %s', (name, type, displayName, match) => {
    const [provider] = parse({ ...OKTA, name, ...(type === undefined ? {} : { type }) });
    expect(provider).toMatchObject({ displayName, match });
  });

  it.each([
    'https://acme.okta.com/oauth2/default',
    'https://auth.example.com/application/o/acme/',
    'https://login.microsoftonline.com/7b0e0000-0000-4000-8000-000000000000/v2.0',
    'https://sso.example.com/realms/acme',
    'http://localhost:8080/realms/acme',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
  ])('takes the issuer %s as it is', (issuer) => {
    expect(parse({ ...OKTA, issuer })[0]?.issuer).toBe(issuer);
  });

  it.each([
    ['http://sso.example.com', 'http is allowed for localhost only'],
    ['http://localhost.example.com', 'http is allowed for localhost only'],
    ['http://127.0.0.1.example.com', 'http is allowed for localhost only'],
    ['ftp://sso.example.com', 'it must be an https URL'],
    ['sso.example.com', 'it must be an https URL'],
    ['https://sso.example.com/?realm=acme', 'without a query'],
    ['https://sso.example.com/#acme', 'without a query or fragment'],
    ['https://login.microsoftonline.com/common/v2.0', 'users of every Entra tenant could sign in'],
    ['https://login.microsoftonline.com/Organizations/v2.0', 'users of every Entra tenant'],
    ['https://login.microsoftonline.com/consumers/v2.0', 'users of every Entra tenant'],
    ['https://login.microsoftonline.us/common/v2.0', 'users of every Entra tenant'],
    [
      'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      'users of every Entra tenant',
    ],
  ])('refuses the issuer %s', (issuer, reason) => {
    const message = errorOf(() => parse({ ...OKTA, issuer }));
    expect(message).toContain(`providers[0].issuer: "${issuer}" is not allowed`);
    expect(message).toContain(reason);
  });

  it('refuses common of any host for the type EntraID only', () => {
    const issuer = 'https://sso.example.com/common/v2.0';
    expect(parse({ ...OKTA, issuer })).toHaveLength(1);
    expect(errorOf(() => parse({ ...OKTA, issuer, type: 'EntraID' }))).toContain('Entra tenant');
  });

  it.each<[object, string]>([
    [{ name: 'Okta' }, 'providers[0].name: "Okta" is not allowed; it must be at most 63'],
    [{ name: 'kubernetes' }, 'providers[0].name: "kubernetes" is not allowed'],
    [{ type: 'okta' }, 'it must be one of Okta, EntraID, Authentik, Keycloak, Other'],
    [{ tenants: [] }, 'providers[0].tenants: [] is not allowed; it must be a list of at least one'],
    [{ tenants: ['*'] }, 'providers[0].tenants[0]: "*" is not allowed; it must be at most 63'],
    [{ tenants: 'acme' }, 'providers[0].tenants: "acme" is not allowed; it must be a list'],
    [{ scopes: ['email'] }, 'it must be a list of scopes that contains openid'],
    [{ match: { claim: 'sub' } }, 'providers[0].match.attribute is missing; it must be userName'],
    [{ match: { claim: 'oid', attribute: 'id' } }, 'it must be userName, externalId or email'],
    [{ match: { claim: 'upn', attribute: 'email' } }, 'it must be the claim email'],
    [{ match: { claim: 'a', attribute: 'userName', b: 1 } }, 'the fields are claim, attribute'],
    [{ clientID: 'x' }, 'providers[0]: the field "clientID" is unknown; the fields are name,'],
    [{ defaultRole: 'a/b' }, 'it must be the name of a ClusterRole'],
    [{ clientSecretFile: 'okta' }, 'providers[0].clientSecretFile: the value is not allowed'],
  ])('names the field, its value and what is allowed: %o', (changes, message) => {
    expect(errorOf(() => parse({ ...OKTA, ...changes }))).toContain(message);
  });

  it('names a field that is missing', () => {
    const { tenants: _, ...rest } = OKTA;
    expect(errorOf(() => parse(OKTA, rest))).toBe(
      'providers[1].tenants is missing; it must be a list of tenants',
    );
  });

  it('refuses a second provider of the same name', () => {
    expect(errorOf(() => parse(OKTA, OKTA))).toContain('providers[1].name: "okta" is not allowed');
  });

  it.each([
    ['', 'the file must contain an object with the field providers'],
    ['[]', 'the file must contain an object with the field providers'],
    ['providers: [', 'line 1, column 13 is not valid YAML'],
    ['providers: []\nproviders: []', 'line 2, column 1 is not valid YAML: Map keys must be unique'],
    ['a: &a {}\nproviders: [*a]', 'aliases are not allowed'],
    ['provider: []', 'the field "provider" is unknown; the fields are providers'],
  ])('explains what is wrong with the file %j', (source, message) => {
    expect(errorOf(() => parseSsoConfig(source))).toContain(message);
  });

  it('never shows what may be a secret', () => {
    const secret = 'geheim-geheim';
    const messages = [
      { ...OKTA, clientSecret: secret },
      { ...OKTA, clientSecretFile: secret },
      { ...OKTA, issuer: `https://scim:${secret}@acme.okta.com` },
    ].map((provider) => errorOf(() => parse(provider)));
    expect(messages.join(' ')).not.toContain(secret);
  });
});
