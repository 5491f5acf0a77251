import { describe, expect, it } from 'vitest';
import { SIGN_IN_PAGES } from '../../../src/console/start/sign-in-pages.tsx';

describe('the pages of sign-in and sign-out', () => {
  it('say what happened, with the status of the refusal', async () => {
    const again = '/oauth/login/okta?to=%2Fconsole&prompt=login';
    const refusal = { status: 403, message: 'Ada <b> is inactive.', account: 'ada', again };
    const page = await SIGN_IN_PAGES.refused(refusal);
    expect(page.status).toBe(403);
    const html = await page.text();
    expect(html).toContain('Ada &lt;b&gt; is inactive.');
    expect(html).toContain('href="/oauth/login/okta?to=%2Fconsole&amp;prompt=login"');
    expect(html).toContain('Sign in with another account');
  });

  it('send the browser on to the provider without a redirect, which the policy would block', async () => {
    const href = 'https://idp.example/end?a=1&b="2"';
    const page = await SIGN_IN_PAGES.leaving(href, 'Okta');
    expect(page.status).toBe(200);
    const html = await page.text();
    const escaped = 'https://idp.example/end?a=1&amp;b=&quot;2&quot;';
    expect(html).toContain(`<meta http-equiv="refresh" content="0; url=${escaped}"/>`);
    expect(html).toContain(`href="${escaped}"`);
  });

  it('let a person with several tenants choose one', async () => {
    const choices = [{ tenant: 'acme', href: '/oauth/login/okta?tenant=acme' }];
    const html = await (await SIGN_IN_PAGES.chooseTenant(choices, 'ada')).text();
    expect(html).toContain('href="/oauth/login/okta?tenant=acme"');
  });
});
