/** What somebody hostile can send to sign-in, or can make an identity provider send. */
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Forgery,
  signedByStranger,
  signedWithPublicKey,
  unsigned,
  withClaims,
} from '../../hack/identity-provider/misbehaviour.ts';
import type { Browser } from '../support/sso/browser.ts';
import { provision, type SignInServer, startSignInServer } from '../support/sso/sign-in-server.ts';

const SESSION = '__Host-scim-session';
const LOGIN = '/oauth/login/keycloak';

let server: SignInServer;
beforeAll(async () => {
  server = await startSignInServer({
    providers: [{ name: 'keycloak', path: '/realms/acme' }, { name: 'other' }],
    accounts: ['ada', 'mallory'].map((login) => ({
      login,
      claims: { sub: `sub-${login}`, preferred_username: login },
    })),
  });
  const scim = await server.scim();
  await provision(scim, 'ada');
  await provision(scim, 'mallory');
});
afterEach(() => server.provider('keycloak').misbehave({}));
afterAll(() => server.close());

/** Up to the callback, which is not requested. */
async function begin(browser: Browser, login = 'ada', address = LOGIN): Promise<URL> {
  const { location } = await browser.get(address);
  return server.visitor('keycloak').signIn(location, login);
}

const attemptsOf = (browser: Browser) =>
  [...browser.cookies.keys()].filter((name) => name.startsWith('__Host-scim-attempt-'));

const sessionOf = (browser: Browser) => server.signIn.sessionOf(browser.headers);

describe('the callback', () => {
  it('refuses a state that nobody was given', async () => {
    const browser = server.browser();
    await browser.get(LOGIN);
    const { status, page } = await browser.get('/oauth/callback/keycloak?code=c&state=forged');
    expect([status, page.reason]).toEqual([400, 'attempt']);
  });

  it('refuses the callback of another person, which would sign the victim in as the attacker', async () => {
    const callback = await begin(server.browser(), 'mallory');
    const victim = server.browser();
    await victim.get(LOGIN);
    const { status, page } = await victim.get(callback);
    expect([status, page.reason]).toEqual([400, 'attempt']);
    expect(victim.cookies.has(SESSION)).toBe(false);
  });

  it('accepts an attempt once, even if its cookie is put back', async () => {
    const browser = server.browser();
    const callback = await begin(browser);
    const before = new Map(browser.cookies);
    expect((await browser.get(callback)).status).toBe(303);
    expect((await browser.get(callback)).page.reason).toBe('attempt');
    for (const [name, value] of before) browser.cookies.set(name, value);
    expect((await browser.get(callback)).page.reason).toBe('attempt');
  });

  it('refuses the code of one attempt with the state of another', async () => {
    const browser = server.browser();
    const [first, second] = [await begin(browser), await begin(browser)];
    const code = first.searchParams.get('code') ?? '';
    second.searchParams.set('code', code);
    const { status, page } = await browser.get(second);
    expect([status, page.reason]).toEqual([400, 'invalid']);
    expect(await sessionOf(browser)).toBeUndefined();
  });

  it("refuses an attempt that was begun with another provider, or another provider's code", async () => {
    const browser = server.browser();
    const callback = await begin(browser);
    const elsewhere = callback.href.replace('/callback/keycloak', '/callback/other');
    expect((await browser.get(elsewhere)).page.reason).toBe('attempt');
    const { location } = await browser.get('/oauth/login/other');
    const own = new URL('/oauth/callback/other', server.publicUrl);
    own.searchParams.set('code', callback.searchParams.get('code') ?? '');
    own.searchParams.set('state', new URL(location).searchParams.get('state') ?? '');
    own.searchParams.set('iss', server.provider('other').issuer);
    expect((await browser.get(own)).page.reason).toBe('invalid');
  });

  it.each([
    ['names another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    ['names no issuer', (url: URL) => url.searchParams.delete('iss')],
    ['has no code', (url: URL) => url.searchParams.delete('code')],
    ['has two codes', (url: URL) => url.searchParams.append('code', 'second')],
  ])('refuses a response that %s', async (_, callback) => {
    server.provider('keycloak').misbehave({ callback });
    const { status, page } = await server.signInAs('ada');
    expect([status, page.reason]).toEqual([400, 'invalid']);
  });

  it('refuses two states', async () => {
    const browser = server.browser();
    const callback = await begin(browser);
    callback.searchParams.append('state', 'another');
    expect((await browser.get(callback)).page.reason).toBe('attempt');
  });

  it.each<[string, Forgery]>([
    ['is not signed (alg none)', unsigned],
    ['is signed with the public key as a secret (HS256)', signedWithPublicKey],
    ['is signed with a key of somebody else', signedByStranger],
    ['has another nonce', withClaims({ nonce: 'another' })],
    ['has no nonce', withClaims({ nonce: undefined })],
    ['is for another client', withClaims({ aud: 'another' })],
    ['is for several clients', withClaims({ aud: ['scim-operator', 'another'] })],
    ['is of another issuer', withClaims({ iss: 'https://evil.example' })],
    ['has expired', withClaims({ exp: Math.floor(Date.now() / 1_000) - 3_600 })],
    ['names the account by a number', withClaims({ sub: 7 as unknown as string })],
  ])('refuses an ID token that %s', async (_, idToken) => {
    server.provider('keycloak').misbehave({ idToken });
    const browser = server.browser();
    const { status, page } = await server.signInAs('ada', { browser });
    expect([status, page.reason]).toEqual([400, 'invalid']);
    expect(await sessionOf(browser)).toBeUndefined();
  });

  it('does not repeat what the address says about an error', async () => {
    const browser = server.browser();
    const { location } = await browser.get(LOGIN);
    const state = new URL(location).searchParams.get('state') ?? '';
    const query = new URLSearchParams({
      state,
      error: '<script>alert(1)</script>',
      error_description: 'Call +1 555 and tell your password',
      iss: server.provider('keycloak').issuer,
    });
    const { page, text } = await browser.get(`/oauth/callback/keycloak?${query}`);
    expect(page.reason).toBe('denied');
    expect(text).not.toMatch(/script|password/);
  });
});

describe('the cookie of an attempt', () => {
  it('is refused if it was changed, moved or kept for more than ten minutes', async () => {
    const browser = server.browser();
    const callback = await begin(browser);
    const [name = ''] = attemptsOf(browser);
    const value = browser.cookies.get(name) ?? '';
    const changed = `${value.slice(0, 30)}${value[30] === 'A' ? 'B' : 'A'}${value.slice(31)}`;
    for (const bad of [changed, value.slice(0, -8), '', 'x']) {
      browser.cookies.set(name, bad);
      expect((await browser.get(callback)).page.reason).toBe('attempt');
    }
    await browser.get(LOGIN);
    const [other = ''] = attemptsOf(browser);
    browser.cookies.set(name, browser.cookies.get(other) ?? '');
    expect((await browser.get(callback)).page.reason).toBe('attempt');
    browser.cookies.set(name, value);
    server.ahead = 600_000;
    expect((await browser.get(callback)).page.reason).toBe('attempt');
    server.ahead = 0;
    browser.cookies.set(name, value);
    expect((await browser.get(callback)).status).toBe(303);
  });

  it('does not show what is in it', async () => {
    const browser = server.browser();
    await browser.get(`${LOGIN}?tenant=acme`);
    const [name = ''] = attemptsOf(browser);
    const decoded = Buffer.from(browser.cookies.get(name) ?? '', 'base64url').toString('latin1');
    expect(decoded).not.toMatch(/acme|verifier|keycloak/);
  });
});

describe('a session', () => {
  it('gets a new secret at sign-in, and the one that the browser brought ends', async () => {
    const mallory = server.browser();
    await server.signInAs('mallory', { browser: mallory });
    const victim = server.browser();
    victim.cookies.set(SESSION, mallory.cookies.get(SESSION) ?? '');
    await server.signInAs('ada', { browser: victim });
    expect(victim.cookies.get(SESSION)).not.toBe(mallory.cookies.get(SESSION));
    expect((await sessionOf(victim))?.person?.userName).toBe('ada');
    expect(await sessionOf(mallory)).toBeUndefined();
  });

  it('is not opened by a secret that the browser made up', async () => {
    const browser = server.browser();
    browser.cookies.set(SESSION, 'A'.repeat(43));
    await server.signInAs('ada', { browser });
    expect(browser.cookies.get(SESSION)).not.toBe('A'.repeat(43));
  });
});

describe('the address to continue at', () => {
  it.each([
    'https://evil.example/console',
    '//evil.example/console',
    '/\\evil.example/console',
    '/console\\..\\..\\evil',
    '/console/../logout',
    '/console/%2e%2e/logout',
    '/consoleevil',
    '/console@evil.example',
    '/logout',
    'console',
    'javascript:alert(1)',
    '/console\r\nSet-Cookie: a=b',
    '/console/\u202e',
    `/console/${'x'.repeat(2_000)}`,
    `/console/acme/users?text=${'你'.repeat(200)}`,
    '',
  ])('is /console in place of %j', async (to) => {
    const { status, location, headers } = await server.signInAs('ada', { to });
    expect([status, location]).toEqual([303, '/console']);
    expect(headers.getSetCookie().join()).not.toContain('a=b');
  });

  it.each(['/console/acme/users?text=a%20b', '/console/me', '/console?tenant=acme'])(
    'may be %s',
    async (to) => {
      expect((await server.signInAs('ada', { to })).location).toBe(to);
    },
  );
});

describe('the address that the provider sends back to', () => {
  it('is that of --public-url, whatever the headers of the request say', async () => {
    const { port } = new URL(server.publicUrl);
    const { promise, resolve } = Promise.withResolvers<string>();
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
    request({ host: '127.0.0.1', port, path: LOGIN, headers }, (response) => {
      response.resume();
      resolve(response.headers.location ?? '');
    }).end();
    const location = new URL(await promise);
    expect(location.searchParams.get('redirect_uri')).toBe(
      `${server.publicUrl}/oauth/callback/keycloak`,
    );
    expect(location.searchParams.get('code_challenge_method')).toBe('S256');
  });
});

describe('the tenant in the address of a sign-in', () => {
  it.each([
    'acme. CALL +1-555-0100',
    'acme\n',
    'ACME',
    '-acme',
    'acme-',
    'a'.repeat(64),
    '<script>',
    '\u202e',
  ])('is refused without being repeated if it is %j', async (tenant) => {
    const lines = server.lines.length;
    const { status, page, text } = await server.signInAs('ada', { tenant });
    expect([status, page.reason]).toEqual([404, 'unknownTenant']);
    const logged = server.lines.slice(lines).filter(({ msg }) => msg === 'sign-in was refused');
    expect(logged).toMatchObject([{ reason: 'unknownTenant' }]);
    expect(`${text} ${JSON.stringify(logged)}`).not.toContain(JSON.stringify(tenant).slice(1, -1));
  });
});

describe('the name of an account', () => {
  it('is not taken for that of the person who has it', async () => {
    const claims = { sub: 'sub-impostor', preferred_username: 'scim:ada' };
    server.provider('keycloak').putAccount({ login: 'impostor', claims });
    expect((await server.signInAs('impostor', { tenant: 'acme' })).status).toBe(403);
    const [refused] = await server.activity();
    expect(refused).toMatchObject({
      actor: { kind: 'account', name: 'keycloak sub-impostor' },
      operation: 'signInRefused',
      resource: { type: 'Session', id: '', name: 'scim:ada' },
    });
    expect((await server.signInAs('ada', { tenant: 'acme' })).status).toBe(303);
    const { entries } = await server.store.activity.list({
      tenant: 'acme',
      actor: 'scim:ada',
      limit: 100,
    });
    expect(new Set(entries.map(({ operation }) => operation))).toEqual(new Set(['signIn']));
  });

  it('is shown without characters that hide or reverse others, and shortened', async () => {
    const name = `\u202e<script>\u0000\u200b${'x'.repeat(1_000)}`;
    const claims = { sub: 'odd', preferred_username: name };
    server.provider('keycloak').putAccount({ login: 'odd', claims });
    const { page } = await server.signInAs('odd', { tenant: 'acme' });
    expect(page.account).toBe(`<script>${'x'.repeat(120)}`);
  });
});
