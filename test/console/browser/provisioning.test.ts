/** The pages of provisioning, as an administrator with a Kubernetes token uses them. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { EVENTS, type KubeObject } from '../../../src/kube/resource.ts';
import {
  accessibilityFaults,
  overflowOf,
  useBrowser,
  watchFaults,
} from '../../support/browser/chromium.ts';
import { signInWithToken } from '../../support/browser/sign-in.ts';
import { createVisitor, openSite, type Site } from '../../support/console/site.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace } from '../../support/kube/cluster.ts';

const browser = useBrowser();
let site: Site;
let tenant: string;
let visitor: { token: string; user: string };
let context: BrowserContext;
let page: Page;
let faults: readonly string[];

beforeAll(async () => {
  site = await openSite();
  tenant = await createNamespace(site.admin, 'acme');
  visitor = await createVisitor(site.admin, tenant, 'administrator');
});
afterAll(() => site?.close());

beforeEach(async () => {
  context = await browser.newContext({ baseURL: site.url });
  faults = watchFaults(context);
  page = await context.newPage();
  await signInWithToken(page, visitor.token);
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

const get = (name: string) =>
  site.admin.get<KubeIntegration>(SCIM_INTEGRATIONS, { namespace: tenant, name });

const heading = () => page.getByRole('heading', { level: 1 }).textContent();

/** Fills in and sends the form, and returns the endpoint and the token that are shown. */
async function create(name: string, provider = 'Okta') {
  await page.goto(`/console/${tenant}/provisioning/new`);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Description').fill('Provisions everybody');
  await page.getByLabel('Identity provider').selectOption({ label: provider });
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('Copy the token now').waitFor();
  return {
    endpoint: await page.locator('#endpoint').inputValue(),
    token: await page.locator('#token').inputValue(),
  };
}

const listUsers = (endpoint: string, token: string) =>
  fetch(`${endpoint}/Users`, { headers: { authorization: `Bearer ${token}` } });

describe('an administrator', () => {
  it('creates an integration, and is shown an endpoint and a token that work, once', async () => {
    const { endpoint, token } = await create('Company IdP');
    expect(await heading()).toBe('Company IdP');
    expect(await page.getByRole('textbox', { name: 'SCIM 2.0 Base Url' }).inputValue()).toBe(
      endpoint,
    );
    expect(await page.getByRole('textbox', { name: 'OAuth Bearer Token' }).inputValue()).toBe(
      token,
    );
    expect((await listUsers(endpoint, token)).status).toBe(200);
    const { spec } = await get('company-idp');
    expect(spec).toEqual({
      displayName: 'Company IdP',
      description: 'Provisions everybody',
      type: 'SCIM2',
      identityProvider: 'Okta',
    });
    expect(await accessibilityFaults(page)).toEqual([]);

    // Reloading repeats nothing, and the token is gone.
    await page.reload();
    expect(page.url()).toContain(`/console/${tenant}/provisioning/${tenant}/company-idp`);
    expect(await page.locator('#token').count()).toBe(0);
    expect(await page.content()).not.toContain(token);
    expect(await page.getByText('was shown here before').count()).toBe(1);
  });

  it('sees that the first request has arrived, without reloading', async () => {
    const { endpoint, token } = await create('Live', 'Microsoft Entra ID');
    expect(await page.getByRole('textbox', { name: 'Tenant URL' }).inputValue()).toBe(endpoint);
    expect(await page.getByRole('textbox', { name: 'Secret Token' }).inputValue()).toBe(token);
    await page
      .getByText('No request of Microsoft Entra ID with the token has arrived yet')
      .waitFor();
    expect((await listUsers(endpoint, token)).status).toBe(200);
    await page.getByText('The last request of Microsoft Entra ID arrived').waitFor();
    await page.locator('#about').getByText('none yet').waitFor({ state: 'hidden' });
    await page.getByText('GET /Users').waitFor();
    // The token is still there, because only parts of the page were replaced.
    expect(await page.locator('#token').inputValue()).toBe(token);
  });

  it('is told at the field what is wrong, and keeps what was entered', async () => {
    await page.goto(`/console/${tenant}/provisioning/new`);
    await page.getByLabel('Name', { exact: true }).fill('Some name');
    await page.getByLabel('Description').fill('Kept');
    await page.getByLabel('Name of the resource').fill('No_Label');
    await page.getByRole('button', { name: 'Create' }).click();
    const field = page.getByLabel('Name of the resource');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#resourceName-error').textContent()).toContain('DNS label');
    expect(await page.getByLabel('Description').inputValue()).toBe('Kept');
    expect(await accessibilityFaults(page)).toEqual([]);
    await field.fill('');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Copy the token now').waitFor();
    await page.goto(`/console/${tenant}/provisioning/new`);
    await page.getByLabel('Name', { exact: true }).fill('Some name');
    await page.getByRole('button', { name: 'Create' }).click();
    expect(await page.locator('#resourceName-error').textContent()).toContain('already has');
  });

  it('disables and enables, under their own name in the event and the log', async () => {
    const { endpoint, token } = await create('Switched');
    await page.getByRole('link', { name: 'Disable…' }).click();
    await page.getByText('What stays').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByText('Every request is refused.').waitFor();
    await eventually(async () => expect((await listUsers(endpoint, token)).status).toBe(403));
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.getByText('Its requests are served again.').waitFor();
    await eventually(async () => expect((await listUsers(endpoint, token)).status).toBe(200));
    const { metadata } = await get('switched');
    const fieldManagers = metadata as KubeObject['metadata'];
    expect(fieldManagers.managedFields?.map(({ manager }) => manager)).toContain(
      'scim-operator-console',
    );
    await eventually(async () => {
      const { items } = await site.admin.list<KubeObject & { note: string; reason: string }>(
        EVENTS,
        { namespace: tenant },
      );
      const notes = items?.filter(({ reason }) => reason === 'ChangedInConsole');
      expect(notes?.map(({ note }) => note)).toContain(
        `${visitor.user} disabled the integration in the console`,
      );
    });
    expect(site.lines).toContainEqual(
      expect.objectContaining({
        msg: 'changed in the console',
        user: visitor.user,
        operation: 'disable',
        tenant,
      }),
    );
  });

  it('rotates the token, and sees that both work and when each was last used', async () => {
    const { endpoint, token } = await create('Rotated');
    await listUsers(endpoint, token);
    await page.getByRole('link', { name: 'Rotate token…' }).click();
    await page.getByText('keeps working for 1 day').waitFor();
    await page.getByRole('button', { name: 'Rotate token' }).click();
    await page.getByText('Copy the token now').waitFor();
    const next = await page.locator('#token').inputValue();
    expect(next).not.toBe(token);
    expect((await listUsers(endpoint, next)).status).toBe(200);
    expect((await listUsers(endpoint, token)).status).toBe(200);
    const rows = page.locator('#tokens tbody tr');
    expect(await rows.count()).toBe(2);
    await eventually(async () => {
      await page.reload();
      expect(await page.locator('#tokens').textContent()).not.toContain('never');
    });
  });

  it('removes an integration only after entering its name', async () => {
    const { endpoint, token } = await create('Removed');
    await page.getByRole('link', { name: 'Remove…' }).click();
    await page.getByLabel('Name of the resource').fill('another');
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('This is not removed.').waitFor();
    await get('removed');
    await page.getByLabel('Name of the resource').fill('removed');
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.waitForURL(`**/console/${tenant}/provisioning?done=removed`);
    await expect(get('removed')).rejects.toThrow();
    await eventually(async () => expect((await listUsers(endpoint, token)).status).toBe(401));
  });

  it('copies with the keyboard alone', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const { endpoint } = await create('Clipboard');
    await page.locator('#endpoint').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(endpoint);
  });

  it('gives a setup link to somebody without access, who is shown the token once', async () => {
    await create('Linked', 'authentik');
    await page.getByRole('link', { name: /Setup link/ }).click();
    await page.getByRole('button', { name: 'Create the link' }).click();
    const link = await page.getByRole('textbox', { name: 'Address' }).inputValue();
    const other = await browser.newContext();
    const sent: Promise<{ method: string; path: string; referer: string; origin: string }>[] = [];
    other.on('request', (request) => {
      const { pathname: path } = new URL(request.url());
      const method = request.method();
      sent.push(
        request
          .allHeaders()
          .then(({ referer = '', origin = '' }) => ({ method, path, referer, origin })),
      );
    });
    const theirs = await other.newPage();
    await theirs.goto(link);
    expect(await theirs.getByRole('textbox', { name: 'URL' }).inputValue()).toContain('/scim/v2');
    await theirs.getByText('Waiting for the first request of authentik').waitFor();
    await theirs.getByRole('button', { name: 'Show the token once' }).click();
    const endpoint = await theirs.locator('#endpoint').inputValue();
    const token = await theirs.locator('#token').inputValue();
    expect(await accessibilityFaults(theirs)).toEqual([]);
    expect((await listUsers(endpoint, token)).status).toBe(200);
    await theirs.getByText('The last request of authentik arrived').waitFor();
    await theirs.goto(link);
    await theirs.getByText('does not show the token any more').waitFor();
    await theirs.getByRole('link', { name: 'scim-operator' }).first().click();
    await theirs.getByText('Sign in with a Kubernetes token').waitFor();
    const requests = await Promise.all(sent);
    expect(requests.filter(({ referer }) => referer !== '').length).toBeGreaterThan(3);
    expect(requests.filter(({ referer }) => !['', `${site.url}/`].includes(referer))).toEqual([]);
    expect(requests.filter(({ method }) => method === 'POST')).toMatchObject([
      { origin: site.url },
    ]);
    await other.close();
  });

  it('uses every page at 320 pixels, without scrolling sideways', async () => {
    await create('Narrow');
    await page.setViewportSize({ width: 320, height: 640 });
    const integration = `/console/${tenant}/provisioning/${tenant}/narrow`;
    const paths = [
      '/console',
      '/console/me',
      `/console/${tenant}`,
      `/console/${tenant}/provisioning`,
      `/console/${tenant}/provisioning/new`,
      integration,
      `${integration}/remove`,
      `${integration}/setup-link`,
      `/console/${tenant}/nothing`,
    ];
    for (const path of paths) {
      await page.goto(path);
      expect(`${path}: ${await overflowOf(page)}`).toBe(`${path}: 0`);
      expect(await accessibilityFaults(page)).toEqual([]);
    }
  });
});
