/** Sign-out by the person, and by the provider on its own. */
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { withClaims } from '../../hack/identity-provider/misbehaviour.ts';
import { unavailable } from '../../src/scim/error.ts';
import type { Browser } from '../support/sso/browser.ts';
import { provision, type SignInServer, startSignInServer } from '../support/sso/sign-in-server.ts';

const SESSION = '__Host-scim-session';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const CLIENT = 'scim-operator';

let server: SignInServer;
let issuer = '';
beforeAll(async () => {
  server = await startSignInServer({
    providers: [{ name: 'authentik', path: '/application/o/acme/' }],
    accounts: [{ login: 'ada', claims: { sub: 'hash-of-ada', preferred_username: 'ada' } }],
  });
  issuer = server.provider('authentik').issuer;
  await provision(await server.scim(), 'ada@acme.example', {
    externalId: 'hash-of-ada',
    emails: [{ value: 'countess@acme.example' }],
  });
});
afterEach(() => server.provider('authentik').misbehave({}));
afterAll(() => server.close());

async function signedIn() {
  const browser = server.browser();
  const visitor = server.visitor('authentik');
  await server.signInAs('ada', { browser, visitor });
  const session = await server.signIn.sessionOf(browser.headers);
  if (session === undefined) throw new Error('no session');
  return { browser, visitor, csrf: session.csrf };
}
const isSignedIn = async (browser: Browser) =>
  (await server.signIn.sessionOf(browser.headers)) !== undefined;

describe('sign-out', () => {
  it('ends the session here and at the provider, and comes back to a page that redirects nowhere', async () => {
    const { browser, visitor, csrf } = await signedIn();
    const cookie = browser.cookies.get(SESSION) ?? '';
    const { status, page } = await browser.post('/logout', { csrf });
    expect([status, page.is, page.provider]).toEqual([200, 'leaving', 'authentik']);
    const query = new URL(String(page.href)).searchParams;
    expect(query.get('id_token_hint')).toMatch(/^eyJ/);
    expect(query.get('post_logout_redirect_uri')).toBe(`${server.publicUrl}/logout`);
    const back = await visitor.signOut(String(page.href));
    expect(`${back.origin}${back.pathname}`).toBe(`${server.publicUrl}/logout`);
    const landed = await browser.get(back);
    expect([landed.status, landed.page.is]).toEqual([200, 'signedOut']);
    browser.cookies.set(SESSION, cookie);
    expect(await isSignedIn(browser)).toBe(false);
    const [last] = await server.activity();
    expect(last).toMatchObject({ operation: 'signOut', actor: { name: 'scim:ada@acme.example' } });
  });

  it('needs a form of the session', async () => {
    const { browser } = await signedIn();
    const other = await signedIn();
    for (const form of [{}, { csrf: '' }, { csrf: 'x' }, { csrf: other.csrf }]) {
      const { page } = await browser.post('/logout', form);
      expect(page.is).toBe('confirmSignOut');
      expect(await isSignedIn(browser)).toBe(true);
    }
  });

  it('is offered by GET, which changes nothing', async () => {
    const { browser, csrf } = await signedIn();
    expect((await browser.get('/logout')).page).toEqual({
      is: 'confirmSignOut',
      via: 'authentik',
      csrf,
    });
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('works without a session', async () => {
    const browser = server.browser();
    expect((await browser.post('/logout', {})).page.is).toBe('signedOut');
  });

  it('is local if the provider has no address for it', async () => {
    const local = await startSignInServer({
      accounts: [{ login: 'ada', claims: { sub: 's', preferred_username: 'ada' } }],
    });
    try {
      local.provider('keycloak').misbehave({
        discovery: (document) => void delete document.end_session_endpoint,
      });
      await provision(await local.scim(), 'ada');
      const browser = local.browser();
      await local.signInAs('ada', { browser });
      const csrf = (await local.signIn.sessionOf(browser.headers))?.csrf ?? '';
      expect((await browser.post('/logout', { csrf })).page.is).toBe('signedOut');
      expect(await local.signIn.sessionOf(browser.headers)).toBeUndefined();
    } finally {
      await local.close();
    }
  });
});

const now = () => Math.floor(Date.now() / 1_000);
let count = 0;
/** A logout token that is right, but for the changes. */
const logoutToken = (changes: Readonly<Record<string, unknown>> = {}, typ = 'logout+jwt') => {
  const claims = {
    iss: issuer,
    aud: CLIENT,
    iat: now(),
    jti: `jti-${count++}`,
    sub: 'hash-of-ada',
    events: { [EVENT]: {} },
    ...changes,
  };
  return server.provider('authentik').sign(JSON.parse(JSON.stringify(claims)), typ);
};
const postToken = (token: string) =>
  server.browser().post('/oauth/backchannel-logout/authentik', { logout_token: token });

describe('back-channel logout', () => {
  it('ends the sessions of the provider session, on every replica', async () => {
    const replica = await server.replica();
    const { browser } = await signedIn();
    expect(await server.provider('authentik').endSessions('ada')).toContain(200);
    expect(await replica.signIn.sessionOf(browser.headers)).toBeUndefined();
  });

  it('ends all sessions of the account if the token names no session', async () => {
    const [one, two] = [await signedIn(), await signedIn()];
    const { status, headers } = await postToken(await logoutToken());
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await isSignedIn(one.browser)).toBe(false);
    expect(await isSignedIn(two.browser)).toBe(false);
  });

  it('ends the sessions of the account that the provider gave no id, if it names both', async () => {
    const named = await signedIn();
    server.provider('authentik').misbehave({ idToken: withClaims({ sid: undefined }) });
    const unnamed = await signedIn();
    expect((await postToken(await logoutToken({ sid: 'other', sub: 'other' }))).status).toBe(200);
    expect(await isSignedIn(unnamed.browser)).toBe(true);
    expect((await postToken(await logoutToken({ sid: 'other' }))).status).toBe(200);
    expect(await isSignedIn(unnamed.browser)).toBe(false);
    expect(await isSignedIn(named.browser)).toBe(true);
  });

  it('accepts a token without its own type, as authentik sends it', async () => {
    const { browser } = await signedIn();
    expect((await postToken(await logoutToken({}, 'JWT'))).status).toBe(200);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('leaves other accounts alone', async () => {
    const { browser } = await signedIn();
    expect((await postToken(await logoutToken({ sub: 'other' }))).status).toBe(200);
    expect((await postToken(await logoutToken({ sid: 'other' }))).status).toBe(200);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['has a nonce', { nonce: 'n' }],
    ['has no event', { events: {} }],
    ['has an event that is not an object', { events: { [EVENT]: true } }],
    ['has another event', { events: { 'https://example.com/event': {} } }],
    ['has no events', { events: undefined }],
    ['has no id', { jti: undefined }],
    ['has no time', { iat: undefined }],
    ['is old', { iat: now() - 600 }],
    ['is from the future', { iat: now() + 600 }],
    ['is for another client', { aud: 'another' }],
    ['is of another issuer', { iss: 'https://evil.example' }],
    ['names nobody', { sub: undefined }],
  ])('refuses a token that %s', async (_, changes) => {
    const { browser } = await signedIn();
    const { status, headers } = await postToken(await logoutToken(changes));
    expect([status, headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('refuses a token for the second time', async () => {
    const token = await logoutToken();
    expect((await postToken(token)).status).toBe(200);
    const { browser } = await signedIn();
    expect((await postToken(token)).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('accepts a token again that ended nothing, because the directory was unavailable', async () => {
    const { browser } = await signedIn();
    const token = await logoutToken();
    const endAll = vi.spyOn(server.store.sessions, 'endAll');
    endAll.mockRejectedValueOnce(unavailable('the directory is unavailable'));
    expect((await postToken(token)).status).toBeGreaterThanOrEqual(500);
    expect(await isSignedIn(browser)).toBe(true);
    expect((await postToken(token)).status).toBe(200);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('refuses a token that the provider did not sign', async () => {
    const { browser } = await signedIn();
    const good = await logoutToken();
    const [, payload = ''] = good.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const shared = await new SignJWT(JSON.parse(Buffer.from(payload, 'base64url').toString()))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('the-secret-of-the-client-the-secret-of-the-client'));
    for (const token of [`${none}.${payload}.`, shared, `${good}x`, 'x', '']) {
      expect((await postToken(token)).status).toBe(400);
    }
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('knows only the providers of the configuration, and only forms', async () => {
    const body = { logout_token: await logoutToken() };
    const browser = server.browser();
    expect((await browser.post('/oauth/backchannel-logout/okta', body)).status).toBe(404);
    expect((await browser.post('/oauth/backchannel-logout/authentik', {})).status).toBe(400);
    const large = { logout_token: 'x'.repeat(100_000) };
    expect((await browser.post('/oauth/backchannel-logout/authentik', large)).status).toBe(413);
  });

  it('refuses a body that is no form of its media type', async () => {
    const { browser } = await signedIn();
    const broken = { 'content-type': 'multipart/form-data' };
    const send = (path: string) =>
      fetch(`${server.publicUrl}${path}`, {
        method: 'POST',
        headers: { ...Object.fromEntries(browser.headers), ...broken },
        body: 'x',
      });
    expect((await send('/oauth/backchannel-logout/authentik')).status).toBe(400);
    const response = await send('/logout');
    expect([response.status, await isSignedIn(browser)]).toEqual([200, true]);
  });
});

describe('Universal Logout', () => {
  const TYPE = 'global-token-revocation+jwt';
  const address = () => `${server.publicUrl}/oauth/universal-logout/authentik`;
  const bearer = (changes: Readonly<Record<string, unknown>> = {}, typ = TYPE) =>
    server.provider('authentik').sign(
      JSON.parse(
        JSON.stringify({
          iss: issuer,
          sub: CLIENT,
          aud: address(),
          iat: now(),
          exp: now() + 300,
          jti: `jti-${count++}`,
          ...changes,
        }),
      ),
      typ,
    );
  const send = async (token: string, subject: unknown) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ sub_id: subject });
    return (await fetch(address(), { method: 'POST', headers, body })).status;
  };
  const ADA = { format: 'email', email: 'Countess@acme.example' };

  it.each([
    ['the e-mail address', () => ADA],
    ['the userName', () => ({ format: 'email', email: 'ada@acme.example' })],
    ['the account', () => ({ format: 'iss_sub', iss: issuer, sub: 'hash-of-ada' })],
  ])('ends all sessions of the user that %s names', async (_, subject) => {
    const { browser } = await signedIn();
    expect(await send(await bearer(), subject())).toBe(204);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('says that a user is unknown, or is named in a way that it does not know', async () => {
    expect(await send(await bearer(), { format: 'email', email: 'x@acme.example' })).toBe(404);
    const foreign = { format: 'iss_sub', iss: 'https://evil.example', sub: 'hash-of-ada' };
    expect(await send(await bearer(), foreign)).toBe(404);
    expect(await send(await bearer(), { format: 'opaque', id: '1' })).toBe(422);
    expect(await send(await bearer(), 'ada')).toBe(422);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string?]>([
    ['is of another type', {}, 'JWT'],
    ['is for another address', { aud: 'https://evil.example' }],
    ['is for the client', { aud: CLIENT }],
    ['is of another client', { sub: 'another' }],
    ['is of another issuer', { iss: 'https://evil.example' }],
    ['has expired', { exp: now() - 60 }],
    ['is old', { iat: now() - 600 }],
    ['has no time', { iat: undefined }],
  ])('refuses a token that %s', async (_, changes, typ) => {
    const { browser } = await signedIn();
    expect(await send(await bearer(changes, typ), ADA)).toBe(401);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('refuses a request without a token, or with one that was used', async () => {
    expect(await send('', ADA)).toBe(401);
    const token = await bearer();
    expect(await send(token, ADA)).toBe(204);
    expect(await send(token, ADA)).toBe(401);
  });
});
