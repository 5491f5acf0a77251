/** Sign-in on every database: what it asks of the directory is the same. */
import { describe, expect, it } from 'vitest';
import { DATABASES } from '../support/directory/databases.ts';
import { provision, startSignInServer } from '../support/sso/sign-in-server.ts';

describe.each(DATABASES)('sign-in on %s', (_, open) => {
  it('opens a session that ends with the deactivation of the user', async () => {
    const server = await startSignInServer({
      providers: [{ name: 'okta' }],
      accounts: ['ada', 'eve'].map((login) => ({
        login,
        claims: { sub: `00u-${login}`, preferred_username: login },
      })),
      open,
    });
    try {
      const scim = await server.scim();
      const id = await provision(scim, 'ada@acme.example', { externalId: '00u-ada' });
      const browser = server.browser();
      expect((await server.signInAs('ada', { browser, tenant: 'acme' })).status).toBe(303);
      expect((await server.signInAs('eve', { tenant: 'acme' })).page.reason).toBe('notProvisioned');
      expect(await server.signIn.sessionOf(browser.headers)).toMatchObject({ tenant: 'acme' });
      expect((await server.activity()).map(({ operation }) => operation)).toEqual([
        'signInRefused',
        'signIn',
      ]);
      await scim.send('PATCH', `/Users/${id}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', path: 'active', value: false }],
      });
      expect(await server.signIn.sessionOf(browser.headers)).toBeUndefined();
      expect((await server.signInAs('ada', { tenant: 'acme' })).page.reason).toBe('inactive');
    } finally {
      await server.close();
    }
  });
});
