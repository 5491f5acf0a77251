/** Identity providers that are down, slow, set up wrongly, or change their keys. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withClaims } from '../../hack/identity-provider/misbehaviour.ts';
import { eventually } from '../support/eventually.ts';
import {
  clientAt,
  provision,
  type SignInServer,
  startSignInServer,
} from '../support/sso/sign-in-server.ts';

const ADA = { login: 'ada', claims: { sub: 'sub-ada', preferred_username: 'ada' } };
const LOGIN = '/oauth/login/keycloak';

describe('an identity provider', () => {
  let server: SignInServer;
  beforeEach(async () => {
    server = await startSignInServer({ accounts: [ADA] });
    await provision(await server.scim(), 'ada');
  });
  afterEach(() => server.close());
  const misbehave = (...args: Parameters<ReturnType<SignInServer['provider']>['misbehave']>) =>
    server.provider('keycloak').misbehave(...args);
  const reasons = () =>
    server.lines
      .filter(({ msg }) => msg.startsWith('identity provider'))
      .map(({ reason }) => reason);

  it('is asked only when somebody signs in, and again after it was unreachable', async () => {
    misbehave({ down: true });
    for (let tries = 0; tries < 3; tries++) {
      const { status, page } = await server.browser().get(LOGIN);
      expect([status, page.reason]).toEqual([503, 'unreachable']);
      expect(page.message).toContain("Keycloak can't be reached");
    }
    expect(reasons()).toHaveLength(1);
    misbehave({});
    await eventually(async () => expect((await server.signInAs('ada')).status).toBe(303));
    expect(server.lines.map(({ msg }) => msg)).toContain('identity provider responds again');
  });

  it('is known from before while it is unreachable', async () => {
    await server.signInAs('ada');
    const browser = server.browser();
    const callback = await server
      .visitor('keycloak')
      .signIn((await browser.get(LOGIN)).location, 'ada');
    misbehave({ down: true });
    expect((await server.browser().get(LOGIN)).status).toBe(303);
    expect((await browser.get(callback)).page.reason).toBe('unreachable');
    expect((await browser.get('/logout')).page.is).toBe('signedOut');
  });

  it('is given five seconds, while other requests are served', async () => {
    misbehave({ delayMs: 20_000 });
    const started = performance.now();
    const waiting = server.browser().get(LOGIN);
    expect((await server.browser().get('/logout')).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect((await waiting).page.reason).toBe('unreachable');
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it.each([true, false])('may change its keys at any time (previous kept: %s)', async (kept) => {
    expect((await server.signInAs('ada')).status).toBe(303);
    await server.provider('keycloak').rotateKey(kept);
    expect((await server.signInAs('ada')).status).toBe(303);
  });

  it('must name exactly the configured issuer', async () => {
    const { issuer } = server.provider('keycloak');
    misbehave({
      discovery: (document) => {
        document.issuer = `${issuer}/`;
      },
    });
    expect((await server.browser().get(LOGIN)).page.reason).toBe('unusable');
    expect(reasons()).toEqual([
      `the discovery document names the issuer ${issuer}/, but the configuration has ${issuer}; ` +
        'they must be exactly the same',
    ]);
  });

  it('must sign with a private key', async () => {
    misbehave({
      discovery: (document) => {
        document.id_token_signing_alg_values_supported = ['HS256', 'none'];
      },
    });
    expect((await server.browser().get(LOGIN)).page.reason).toBe('unusable');
    expect(reasons()[0]).toContain('ID tokens are signed with HS256, none');
  });

  it('may replace the secret of the client, which is read again', async () => {
    expect((await server.signInAs('ada')).status).toBe(303);
    server.provider('keycloak').putClient(clientAt(server.publicUrl, 'keycloak', 'second-secret'));
    const { status, page } = await server.signInAs('ada');
    expect([status, page.reason]).toEqual([503, 'unusable']);
    expect(server.lines.findLast(({ msg }) => msg === 'sign-in was refused')?.detail).toBe(
      'the token endpoint responded with 401; check clientId and clientSecretFile',
    );
    server.setSecret('second-secret');
    await eventually(async () => expect((await server.signInAs('ada')).status).toBe(303));
  });

  it('may leave claims to its userinfo endpoint', async () => {
    misbehave({ idToken: withClaims({ preferred_username: undefined }) });
    expect((await server.signInAs('ada')).status).toBe(303);
  });

  it('is unknown if the configuration does not name it', async () => {
    const { status, page } = await server.browser().get('/oauth/login/missing');
    expect([status, page.reason]).toEqual([404, 'unknownProvider']);
    expect((await server.browser().get('/oauth/callback/missing?code=c&state=s')).status).toBe(404);
    expect((await server.browser().get('/oauth/login/constructor')).status).toBe(404);
  });
});

describe('several tenants with providers that do not trust each other', () => {
  let server: SignInServer;
  beforeAll(async () => {
    server = await startSignInServer({
      providers: [
        { name: 'acme-idp', tenants: ['acme'] },
        { name: 'globex-idp', path: '/globex', tenants: ['globex'] },
      ],
    });
    await provision(await server.scim('acme'), 'ada@acme.example');
    await provision(await server.scim('globex'), 'ada@acme.example');
    server.provider('globex-idp').putAccount({
      login: 'ada',
      claims: { sub: 'mallory', preferred_username: 'ada@acme.example' },
    });
  });
  afterAll(() => server.close());

  it("never signs anybody in to another provider's tenant", async () => {
    const browser = server.browser();
    const provider = 'globex-idp';
    const wrong = await server.signInAs('ada', { provider, tenant: 'acme', browser });
    expect([wrong.status, wrong.page.reason]).toEqual([403, 'notProvisioned']);
    const right = await server.signInAs('ada', { provider, browser, to: '/console/acme' });
    expect(right.status).toBe(303);
    expect((await server.signIn.sessionOf(browser.headers))?.tenant).toBe('globex');
  });
});
