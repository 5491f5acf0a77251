/** Sign-in through real HTTP and a real OpenID provider. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClaims } from '../../hack/identity-provider/misbehaviour.ts';
import type { ScimClient } from '../support/scim-server/server.ts';
import {
  type ProviderSetup,
  provision,
  type SignInServer,
  startSignInServer,
} from '../support/sso/sign-in-server.ts';

const SESSION = '__Host-scim-session';

describe.each<[string, ProviderSetup, Readonly<Record<string, string>>, string]>([
  ['Okta, organisation', { name: 'okta' }, {}, '00u1ada'],
  ['Okta, custom server', { name: 'okta', path: '/oauth2/default' }, {}, '00u1ada'],
  ['Microsoft Entra ID', { name: 'entra', path: '/7b0e/v2.0' }, { oid: 'oid-ada' }, 'oid-ada'],
  ['authentik', { name: 'authentik', path: '/application/o/acme/' }, {}, '00u1ada'],
])('sign-in with %s', (_, setup, claims, externalId) => {
  let server: SignInServer;
  beforeAll(async () => {
    const account = { sub: '00u1ada', preferred_username: 'somebody', ...claims };
    server = await startSignInServer({
      providers: [setup],
      accounts: [{ login: 'ada', claims: account }],
    });
  });
  afterAll(() => server.close());

  it('opens a session for the user with the externalId', async () => {
    const id = await provision(await server.scim(), 'ada@acme.example', {
      externalId,
      displayName: 'Ada',
    });
    const browser = server.browser();
    const landed = await server.signInAs('ada', { browser, tenant: 'acme', to: '/console/acme' });
    expect([landed.status, landed.location]).toEqual([303, '/console/acme']);
    const session = await server.signIn.sessionOf(browser.headers);
    expect(session).toMatchObject({
      tenant: 'acme',
      via: setup.name,
      person: { accessId: id, userName: 'ada@acme.example', displayName: 'Ada' },
      identity: { user: 'scim:ada@acme.example' },
    });
    expect([...browser.cookies.keys()]).toEqual([SESSION]);
  });
});

describe('sign-in', () => {
  let server: SignInServer;
  let scim: ScimClient;
  const account = (login: string, claims: object = {}) =>
    server.provider('keycloak').putAccount({
      login,
      claims: { sub: `sub-${login}`, preferred_username: login, ...claims },
    });
  beforeAll(async () => {
    server = await startSignInServer({
      providers: [
        { name: 'keycloak', path: '/realms/acme', tenants: ['acme', 'second'] },
        { name: 'mail', fields: { match: { claim: 'email', attribute: 'email' } } },
        { name: 'globex-idp', path: '/globex', tenants: ['globex'] },
      ],
    });
    scim = await server.scim();
  });
  afterAll(() => server.close());

  it('sets a cookie that scripts, other hosts and plain http can not use', async () => {
    account('cookie');
    await provision(scim, 'cookie');
    const landed = await server.signInAs('cookie', { tenant: 'acme' });
    const [line] = landed.headers.getSetCookie().filter((each) => each.startsWith(SESSION));
    expect(line).toMatch(
      /^__Host-scim-session=[\w-]{43}\.acme; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(landed.headers.get('cache-control')).toBe('no-store');
  });

  it('finds the tenant if the person is a user of only one', async () => {
    account('lone');
    await provision(scim, 'lone');
    const browser = server.browser();
    const landed = await server.signInAs('lone', { browser });
    expect([landed.status, landed.location]).toEqual([303, '/console']);
    expect((await server.signIn.sessionOf(browser.headers))?.tenant).toBe('acme');
  });

  it('lets the person choose if there are several tenants', async () => {
    account('both');
    await provision(scim, 'both');
    await provision(await server.scim('second'), 'both');
    const browser = server.browser();
    const visitor = server.visitor('keycloak');
    const landed = await server.signInAs('both', { browser, visitor, to: '/console/me' });
    expect(landed.page).toEqual({
      is: 'chooseTenant',
      account: 'both',
      choices: ['acme', 'second'].map((tenant) => ({
        tenant,
        href: `/oauth/login/keycloak?to=%2Fconsole%2Fme&tenant=${tenant}`,
      })),
    });
    expect(await server.signIn.sessionOf(browser.headers)).toBeUndefined();
    const next = await browser.get('/oauth/login/keycloak?tenant=second&to=%2Fconsole%2Fme');
    const after = await browser.get(await visitor.signIn(next.location, 'both'));
    expect(after.location).toBe('/console/me');
    expect((await server.signIn.sessionOf(browser.headers))?.tenant).toBe('second');
  });

  it('refuses an account that is not provisioned, and says which one and whom to ask', async () => {
    account('stranger');
    const { status, page } = await server.signInAs('stranger', { tenant: 'acme' });
    expect(status).toBe(403);
    expect(page).toMatchObject({ reason: 'notProvisioned', account: 'stranger', tenant: 'acme' });
    expect(page.message).toMatch(/^stranger is not provisioned in acme\. Ask .*Keycloak/);
  });

  it('lets a person whom it refused sign in with another account', async () => {
    account('work');
    account('private');
    await provision(scim, 'work');
    const browser = server.browser();
    const refused = await server.signInAs('private', { browser, to: '/console/me' });
    const begun = await browser.get(String(refused.page.again));
    // Without it, the provider would send the refused account again.
    expect(new URL(begun.location).searchParams.get('prompt')).toBe('login');
    const callback = await server.visitor('keycloak').signIn(begun.location, 'work');
    const landed = await browser.get(callback);
    expect([landed.status, landed.location]).toEqual([303, '/console/me']);
  });

  it('refuses a deactivated user', async () => {
    account('leaver');
    await provision(scim, 'leaver', { active: false });
    const { status, page } = await server.signInAs('leaver', { tenant: 'acme' });
    expect([status, page.reason]).toEqual([403, 'inactive']);
  });

  it('shows the same for a tenant of another provider as for one that does not exist', async () => {
    account('wanderer');
    await provision(await server.scim('globex'), 'wanderer');
    const [globex, missing] = await Promise.all(
      ['globex', 'missing'].map((tenant) => server.signInAs('wanderer', { tenant })),
    );
    expect(globex?.status).toBe(403);
    expect(globex?.text.replaceAll('globex', 'missing')).toBe(missing?.text);
  });

  it('begins in the same way for every tenant, so that nobody learns which exist', async () => {
    const [acme, missing] = await Promise.all(
      ['acme', 'missing'].map((tenant) =>
        server.browser().get(`/oauth/login/keycloak?tenant=${tenant}`),
      ),
    );
    const shape = (location = '') => location.replaceAll(/=[\w-]{43}/g, '=');
    expect([acme?.status, missing?.status]).toEqual([303, 303]);
    expect(shape(acme?.location)).toBe(shape(missing?.location));
  });

  it('refuses the same name with another account until it is unbound', async () => {
    account('grace');
    const id = await provision(scim, 'grace');
    expect((await server.signInAs('grace', { tenant: 'acme' })).status).toBe(303);
    account('grace', { sub: 'another-sub' });
    const { status, page } = await server.signInAs('grace', { tenant: 'acme' });
    expect([status, page.reason]).toEqual([403, 'otherSubject']);
    await server.store.identities.unbind('acme', id);
    expect((await server.signInAs('grace', { tenant: 'acme' })).status).toBe(303);
  });

  it('refuses an account that is bound to another user', async () => {
    account('linus');
    await provision(scim, 'linus');
    await server.signInAs('linus', { tenant: 'acme' });
    await provision(scim, 'linus-2');
    account('linus', { preferred_username: 'linus-2' });
    const { status, page } = await server.signInAs('linus', { tenant: 'acme' });
    expect([status, page.reason]).toEqual([403, 'otherAccess']);
  });

  it('never matches an e-mail address that is not verified', async () => {
    const emails = [{ value: 'eve@acme.example', primary: true }];
    await provision(scim, 'eve', { emails });
    const put = (claims: object) =>
      server.provider('mail').putAccount({ login: 'eve', claims: { sub: 'eve', ...claims } });
    const tryIt = () => server.signInAs('eve', { provider: 'mail', tenant: 'acme' });
    put({ email: 'eve@acme.example' });
    expect((await tryIt()).page.reason).toBe('emailNotVerified');
    put({ email: 'eve@acme.example', email_verified: false });
    expect((await tryIt()).page.reason).toBe('emailNotVerified');
    put({});
    expect((await tryIt()).page.reason).toBe('claimMissing');
    // The userinfo endpoint verifies another address than the one in the ID token.
    put({ email: 'mallory@acme.example', email_verified: true });
    const idToken = withClaims({ email: 'eve@acme.example', email_verified: undefined });
    server.provider('mail').misbehave({ idToken });
    expect((await tryIt()).page.reason).toBe('notProvisioned');
    server.provider('mail').misbehave({});
    put({ email: 'EVE@acme.example', email_verified: true });
    expect((await tryIt()).status).toBe(303);
  });

  it('refuses if more than one active user matches', async () => {
    const emails = [{ value: 'shared@acme.example' }];
    await provision(scim, 'twin-1', { emails });
    const second = await provision(scim, 'twin-2', { emails });
    server.provider('mail').putAccount({
      login: 'twin',
      claims: { sub: 'twin', email: 'shared@acme.example', email_verified: true },
    });
    const signIn = () => server.signInAs('twin', { provider: 'mail', tenant: 'acme' });
    const { status, page } = await signIn();
    expect([status, page.reason]).toEqual([403, 'ambiguous']);
    await scim.send('PATCH', `/Users/${second}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    expect((await signIn()).status).toBe(303);
  });

  it('works in two tabs at once', async () => {
    account('tabs');
    await provision(scim, 'tabs');
    const browser = server.browser();
    const visitor = server.visitor('keycloak');
    const first = await browser.get('/oauth/login/keycloak?to=/console/first');
    const second = await browser.get('/oauth/login/keycloak?to=/console/second');
    const landings = [];
    for (const { location } of [second, first]) {
      landings.push(await browser.get(await visitor.signIn(location, 'tabs')));
    }
    expect(landings.map(({ location }) => location)).toEqual(['/console/second', '/console/first']);
    expect([...browser.cookies.keys()]).toEqual([SESSION]);
  });

  it('keeps only a few attempts that nobody completes', async () => {
    const browser = server.browser();
    for (let begun = 0; begun < 12; begun++) await browser.get('/oauth/login/keycloak');
    expect(browser.cookies.size).toBe(5);
  });

  it('is an entry of the tenant, as is the refusal of an account that the provider knows', async () => {
    account('logged');
    const id = await provision(scim, 'logged');
    await server.signInAs('logged', { tenant: 'acme' });
    account('unlogged');
    await server.signInAs('unlogged', { tenant: 'acme' });
    await server.signInAs('unlogged', { tenant: 'missing' });
    const entries = await server.activity();
    const about = (name: string) => entries.filter(({ resource }) => resource.name === name);
    expect(about('scim:logged')).toMatchObject([
      {
        tenant: 'acme',
        actor: { kind: 'person', name: 'scim:logged' },
        operation: 'signIn',
        resource: { type: 'Session', id },
      },
    ]);
    expect(about('unlogged')).toMatchObject([
      {
        tenant: 'acme',
        actor: { kind: 'account', name: 'keycloak sub-unlogged' },
        operation: 'signInRefused',
        change: { reason: { after: 'notProvisioned' } },
      },
    ]);
    expect(await server.activity('missing')).toEqual([]);
    expect(server.lines.filter(({ msg }) => msg === 'user signed in')).toContainEqual(
      expect.objectContaining({ tenant: 'acme', provider: 'keycloak', user: 'scim:logged' }),
    );
  });
});
