/** How long a session lives, and what ends it, on every replica. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ScimClient } from '../support/scim-server/server.ts';
import type { Browser } from '../support/sso/browser.ts';
import { provision, type SignInServer, startSignInServer } from '../support/sso/sign-in-server.ts';

const MINUTE = 60_000;
const SESSION = '__Host-scim-session';
const PROVIDERS = [{ name: 'keycloak', path: '/realms/acme', tenants: ['acme', 'second'] }];
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let server: SignInServer;
let scim: ScimClient;
let replica: Pick<SignInServer, 'signIn'>;
let nameless = '';
beforeAll(async () => {
  server = await startSignInServer({
    providers: PROVIDERS,
    limits: { idleMs: 30 * MINUTE, lifetimeMs: 120 * MINUTE },
    identityOf: async (_, id) => (id === nameless ? undefined : { user: `scim:${id}` }),
  });
  scim = await server.scim();
  replica = await server.replica();
});
afterEach(() => {
  server.ahead = 0;
});
afterAll(() => server.close());

/** Provisions a person and signs them in. */
async function signedIn(
  login: string,
): Promise<{ readonly id: string; readonly browser: Browser }> {
  server
    .provider('keycloak')
    .putAccount({ login, claims: { sub: `sub-${login}`, preferred_username: login } });
  const id = await provision(scim, login);
  const browser = server.browser();
  await server.signInAs(login, { browser });
  expect(await replica.signIn.sessionOf(browser.headers)).toBeDefined();
  return { id, browser };
}

const lastUseOf = async (id: string) =>
  (await server.store.sessions.list('acme', id))[0]?.lastUsedAt ?? 0;

/** Uses the session so many minutes from now, and waits until that is recorded. */
async function useAfter(minutes: number, id: string, { headers }: Browser): Promise<void> {
  const before = await lastUseOf(id);
  server.ahead = minutes * MINUTE;
  expect(await server.signIn.sessionOf(headers)).toBeDefined();
  await expect.poll(() => lastUseOf(id)).toBeGreaterThan(before);
}

const isOver = async (browser: Browser) => {
  const found = await Promise.all(
    [server, replica].map(({ signIn }) => signIn.sessionOf(browser.headers)),
  );
  return found.every((session) => session === undefined);
};

describe('a session', () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    [
      'is deactivated',
      (id) =>
        scim.send('PATCH', `/Users/${id}`, {
          schemas: [PATCH_OP],
          Operations: [{ op: 'replace', path: 'active', value: false }],
        }),
    ],
    ['is deleted', (id) => scim.send('DELETE', `/Users/${id}`)],
    [
      'is renamed',
      (id) =>
        scim.send('PATCH', `/Users/${id}`, {
          schemas: [PATCH_OP],
          Operations: [{ op: 'replace', path: 'userName', value: `renamed-${id}` }],
        }),
    ],
  ])('is over at once, everywhere, when the user %s', async (how, act) => {
    const { id, browser } = await signedIn(how.replaceAll(' ', '-'));
    await act(id);
    expect(await isOver(browser)).toBe(true);
  });

  it('is over for good, even if the user is activated again', async () => {
    const { id, browser } = await signedIn('back');
    for (const value of [false, true]) {
      const Operations = [{ op: 'replace', path: 'active', value }];
      await scim.send('PATCH', `/Users/${id}`, { schemas: [PATCH_OP], Operations });
    }
    expect(await isOver(browser)).toBe(true);
  });

  it('is over when the configuration no longer gives the provider the tenant', async () => {
    const { browser } = await signedIn('untrusted');
    await server.configure([{ name: 'keycloak', path: '/realms/acme', tenants: ['second'] }]);
    expect(await isOver(browser)).toBe(true);
    await server.configure([]);
    expect(await isOver(browser)).toBe(true);
    expect((await server.browser().get('/oauth/login/keycloak')).status).toBe(404);
    await server.configure(PROVIDERS);
    expect(await isOver(browser)).toBe(false);
  });

  it('is over when it is idle for too long, but not while it is used', async () => {
    const { id, browser } = await signedIn('idle');
    for (const minutes of [25, 50, 75]) await useAfter(minutes, id, browser);
    server.ahead = 106 * MINUTE;
    expect(await isOver(browser)).toBe(true);
  });

  it('is over when only an open page refreshes itself', async () => {
    const { id, browser } = await signedIn('away');
    const first = await lastUseOf(id);
    server.ahead = 25 * MINUTE;
    const headers = new Headers(browser.headers);
    headers.set('x-live-refresh', '1');
    expect(await server.signIn.sessionOf(headers)).toBeDefined();
    await server.store.sessions.end({ tenant: 'acme', hash: 'none' });
    expect(await lastUseOf(id)).toBe(first);
    server.ahead = 31 * MINUTE;
    expect(await isOver(browser)).toBe(true);
  });

  it('is over at its limit, however much it is used', async () => {
    const { id, browser } = await signedIn('busy');
    for (let minutes = 20; minutes < 120; minutes += 20) await useAfter(minutes, id, browser);
    server.ahead = 120 * MINUTE;
    expect(await isOver(browser)).toBe(true);
  });

  it('records its use at most once a minute', async () => {
    const { id, browser } = await signedIn('touch');
    const first = await lastUseOf(id);
    server.ahead = 0.9 * MINUTE;
    await server.signIn.sessionOf(browser.headers);
    // A write that came later is done, so that an earlier one would be.
    await server.store.sessions.end({ tenant: 'acme', hash: 'none' });
    expect(await lastUseOf(id)).toBe(first);
    await useAfter(1.1, id, browser);
  });

  it('has a secret of which the directory keeps a hash only', async () => {
    const { id, browser } = await signedIn('hashed');
    const secret = browser.cookies.get(SESSION) ?? '';
    const rows = JSON.stringify(await server.store.sessions.list('acme', id));
    expect(rows).not.toContain(secret);
    // The ID token would be a credential at some services.
    expect(rows).toContain('sealedIdToken');
    expect(rows).not.toContain('eyJ');
    expect(JSON.stringify(server.lines)).not.toContain(secret);
  });

  it('has a form token of its own, which is the same on every replica', async () => {
    const [one, other] = [await signedIn('form-1'), await signedIn('form-2')];
    const tokens = await Promise.all(
      [
        server.signIn.sessionOf(one.browser.headers),
        replica.signIn.sessionOf(one.browser.headers),
        server.signIn.sessionOf(other.browser.headers),
      ].map(async (session) => (await session)?.csrf),
    );
    expect(tokens[0]).toMatch(/^[\w-]{43}$/);
    expect(tokens[1]).toBe(tokens[0]);
    expect(tokens[2]).not.toBe(tokens[0]);
  });

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(60_000), '../../etc', '%00'])(
    'is not found by the cookie %.20j',
    async (value) => {
      const browser = server.browser();
      browser.cookies.set(SESSION, value);
      expect(await server.signIn.sessionOf(browser.headers)).toBeUndefined();
    },
  );

  it('is not opened for a user whom Kubernetes can not name', async () => {
    server
      .provider('keycloak')
      .putAccount({ login: 'nameless', claims: { sub: 'n', preferred_username: 'nameless' } });
    nameless = await provision(scim, 'nameless');
    const { status, page } = await server.signInAs('nameless');
    expect([status, page.reason]).toEqual([403, 'unnamed']);
  });

  it('ends for a user whom Kubernetes can no longer name', async () => {
    const { id, browser } = await signedIn('renamed');
    nameless = id;
    expect(await isOver(browser)).toBe(true);
  });
});
