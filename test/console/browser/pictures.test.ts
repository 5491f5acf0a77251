/**
 * Every page, light, dark and narrow: axe-core finds nothing, nothing is wider than the window, and
 * no page is large. The pictures are written to .test/images. `make images` writes those that the
 * documentation shows to docs/images.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { type RoleBinding, type Secret, textOf } from '../../../src/kube/objects.ts';
import { type KubeObject, NAMESPACES, ROLE_BINDINGS, SECRETS } from '../../../src/kube/resource.ts';
import {
  accessibilityFaults,
  cutTablesOf,
  imagesFolder,
  overflowOf,
  useBrowser,
  watchFaults,
} from '../../support/browser/chromium.ts';
import { signInWithToken } from '../../support/browser/sign-in.ts';
import { createVisitor, openSite, type Site } from '../../support/console/site.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';

/** As in the documentation. */
const TENANT = 'acme';
const INTEGRATION = { namespace: TENANT, name: 'company-idp' };

const BINDING = { namespace: TENANT, name: 'engineering-edits' };

const PEOPLE = [
  ['ada', 'Ada Lovelace'],
  ['grace', 'Grace Hopper'],
  ['katherine', 'Katherine Johnson'],
  ['edsger', 'Edsger Dijkstra'],
  ['barbara', 'Barbara Liskov'],
] as const;

const browser = useBrowser();
let site: Site;
let token: string;
/** The addresses of pages, by the name of their picture. */
let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  site = await openSite({ SCIM_OPERATOR_GROUP_BINDINGS: 'true' });
  await site.admin.apply(NAMESPACES, { metadata: { name: TENANT } }, TEST_MANAGER);
  ({ token } = await createVisitor(
    site.admin,
    TENANT,
    `administrator-${randomUUID().slice(0, 4)}`,
  ));
  const spec = { displayName: 'Company IdP', identityProvider: 'Okta' };
  const wanted = { metadata: INTEGRATION, spec } as KubeObject;
  await site.admin.apply(SCIM_INTEGRATIONS, wanted, TEST_MANAGER);
  const endpoint = await eventually(async () => {
    const { status } = await site.admin.get<KubeIntegration>(SCIM_INTEGRATIONS, INTEGRATION);
    if (status?.endpoint === undefined || status.tokenKeyId === undefined) throw new Error('wait');
    return status.endpoint;
  });
  const secret = await site.admin.get<Secret>(SECRETS, {
    ...INTEGRATION,
    name: 'company-idp-scim-token',
  });
  const { ada, group } = await provision(endpoint, textOf(secret, 'token') ?? '');
  const roleRef = { kind: 'ClusterRole', name: 'edit' };
  const binding = { metadata: BINDING, spec: { group: { displayName: 'Engineering' }, roleRef } };
  await site.admin.apply(SCIM_GROUP_BINDINGS, binding as KubeObject, TEST_MANAGER);
  await eventually(async () => {
    const { items } = await site.admin.list<RoleBinding>(ROLE_BINDINGS, { namespace: TENANT });
    expect(items?.map(({ roleRef: { name } = { name: '' } }) => name)).toContain('edit');
  });
  const integration = `/console/${TENANT}/provisioning/${TENANT}/company-idp`;
  pages = {
    tenants: '/console',
    me: '/console/me',
    overview: `/console/${TENANT}`,
    provisioning: `/console/${TENANT}/provisioning`,
    create: `/console/${TENANT}/provisioning/new`,
    integration,
    rotate: `${integration}/rotate`,
    remove: `${integration}/remove`,
    'setup-link': `${integration}/setup-link`,
    users: `/console/${TENANT}/users`,
    user: `/console/${TENANT}/users/${ada}`,
    groups: `/console/${TENANT}/groups`,
    group: `/console/${TENANT}/groups/${group}`,
    roles: `/console/${TENANT}/roles`,
    activity: `/console/${TENANT}/activity`,
    nothing: `/console/${TENANT}/nothing`,
  };
});
afterAll(async () => {
  await site?.admin.delete(SCIM_GROUP_BINDINGS, BINDING).catch(() => {});
  await site?.admin.delete(SCIM_INTEGRATIONS, INTEGRATION).catch(() => {});
  await site?.close();
});

/** What an identity provider sends, and one request that is refused. */
async function provision(endpoint: string, bearer: string) {
  const send = async (path: string, body: object): Promise<string> => {
    const response = await fetch(`${endpoint}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(body),
    });
    return ((await response.json()) as { id?: string }).id ?? '';
  };
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const ids: string[] = [];
  for (const [name, displayName] of PEOPLE) {
    const userName = `${name}@acme.example`;
    const [givenName, familyName] = displayName.split(' ');
    const emails = [{ value: userName, type: 'work', primary: true }];
    const user = { schemas, userName, displayName, name: { givenName, familyName }, emails };
    ids.push(await send('/Users', { ...user, active: name !== 'grace' }));
  }
  await send('/Users', { schemas, userName: '' });
  const members = ids.slice(0, 3).map((value) => ({ value }));
  const group = await send('/Groups', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'Engineering',
    members,
  });
  return { ada: ids[0], group };
}

const WIDE = { width: 1_280, height: 900 };
const LOOKS = {
  light: { colorScheme: 'light', viewport: WIDE },
  dark: { colorScheme: 'dark', viewport: WIDE },
  narrow: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
} as const;
type Look = keyof typeof LOOKS;
/** Of a small laptop, with the navigation beside the page. */
const SMALL = { width: 1_100, height: 768 };
/** What a window of 1,280 pixels has left at twice the size. */
const ENLARGED = { width: 640, height: 450 };

/** Those that the documentation shows. */
const IN_DOCUMENTATION: Readonly<Record<string, readonly Look[]>> = {
  'sign-in': ['light', 'dark'],
  integration: ['light', 'dark', 'narrow'],
  users: ['light', 'dark'],
  user: ['light', 'dark'],
  group: ['light', 'dark'],
  activity: ['light', 'dark'],
  me: ['light', 'dark'],
};
const folder = imagesFolder();
const isForDocumentation = folder.startsWith('docs/');

const isWanted = (name: string, look: Look): boolean =>
  !isForDocumentation || IN_DOCUMENTATION[name]?.includes(look) === true;

/** Looks at the page in every way, which needs no other request. */
async function examine(page: Page, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  const looks = Object.entries(LOOKS) as [Look, (typeof LOOKS)[Look]][];
  for (const [look, { colorScheme, viewport }] of looks) {
    if (!isWanted(name, look)) continue;
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await page.screenshot({ path: join(folder, `${name}-${look}.png`) });
    if (isForDocumentation) continue;
    found.push(...(await overflowAt(page, name)));
    found.push(...(await accessibilityFaults(page)));
  }
  await page.setViewportSize(ENLARGED);
  found.push(...(await overflowAt(page, name)));
  await page.setViewportSize(SMALL);
  found.push(...(await cutTablesOf(page)).map((table) => `${name} cuts the table “${table}”`));
  await page.setViewportSize(WIDE);
  return found;
}

async function overflowAt(page: Page, name: string): Promise<readonly string[]> {
  const overflow = await overflowOf(page);
  const { width } = page.viewportSize() ?? WIDE;
  return overflow === 0 ? [] : [`${name} is ${overflow} pixels wider than ${width} pixels`];
}

describe('the pages in light, dark, narrow and at twice the size', () => {
  it('have no fault that axe-core finds, and fit into the window', async () => {
    mkdirSync(folder, { recursive: true });
    // Otherwise, colours would be on their way from one look to the other.
    const context = await browser.newContext({ baseURL: site.url, reducedMotion: 'reduce' });
    const faults = watchFaults(context);
    const page = await context.newPage();
    await page.goto('/console');
    const found = [...(await examine(page, 'sign-in'))];
    await signInWithToken(page, token);
    // The directory has the time of a request seconds later.
    await page.goto(pages.integration ?? '');
    await page.getByText('The last request of Okta arrived').waitFor();
    for (const [name, path] of Object.entries(pages)) {
      if (isForDocumentation && IN_DOCUMENTATION[name] === undefined) continue;
      const response = await page.goto(path);
      const html = (await response?.text()) ?? '';
      if (gzipSync(html).length > 60_000) found.push(`${name} is larger than 60 kB`);
      if (name !== 'nothing' && response?.status() !== 200)
        found.push(`${name} has the status ${response?.status()}`);
      found.push(...(await examine(page, name)));
    }
    await context.close();
    expect([...found, ...faults]).toEqual([]);
  }, 600_000);
});

describe('the keyboard', () => {
  it('reaches the content first, and everything that can be pressed on a page', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await signInWithToken(page, token);
    await page.goto(pages.integration ?? '');
    await page.keyboard.press('Tab');
    const focused = () => page.evaluate('document.activeElement.textContent.trim()');
    expect(await focused()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    const reached = new Set<unknown>();
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      reached.add(await focused());
    }
    const pressable = await page.locator('main a, main button').allTextContents();
    const missed = pressable.map((text) => text.trim()).filter((text) => !reached.has(text));
    expect(missed).toEqual([]);
    await context.close();
  });
});
