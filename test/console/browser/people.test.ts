/** The pages of users, groups, roles and activity, over what an identity provider provisioned. */
import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { KubeGroupBinding, KubeIntegration } from '../../../src/crd/objects.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { textOf } from '../../../src/kube/objects.ts';
import { EVENTS, type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import {
  accessibilityFaults,
  overflowOf,
  useBrowser,
  watchFaults,
} from '../../support/browser/chromium.ts';
import { signInWithToken } from '../../support/browser/sign-in.ts';
import { HOSTILE } from '../../support/console/hostile.ts';
import { createVisitor, EVERYTHING, openSite, type Site } from '../../support/console/site.ts';
import { eventually } from '../../support/eventually.ts';
import { mayDo } from '../../support/kube/access.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';

const MAY_BIND_VIEW = {
  apiGroups: ['rbac.authorization.k8s.io'],
  resources: ['clusterroles'],
  resourceNames: ['view'],
  verbs: ['bind'],
};

const browser = useBrowser();
let site: Site;
let tenant: string;
let administrator: { token: string; user: string };
let provision: (path: string, body: object) => Promise<string>;
let ids: Record<'ada' | 'grace' | 'hostile' | 'platform' | 'engineering' | 'named', string>;
let context: BrowserContext;
let page: Page;
let faults: readonly string[];

beforeAll(async () => {
  site = await openSite({ SCIM_OPERATOR_GROUP_BINDINGS: 'true' });
  tenant = await createNamespace(site.admin, 'acme');
  administrator = await createVisitor(site.admin, tenant, 'administrator', [
    ...EVERYTHING,
    MAY_BIND_VIEW,
  ]);
  provision = await connect('company-idp');
  ids = await people();
});
afterAll(() => site?.close());

beforeEach(async () => {
  context = await browser.newContext({ baseURL: site.url });
  faults = watchFaults(context);
  page = await context.newPage();
  await signInWithToken(page, administrator.token);
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

/** Creates an integration. What is returned sends a POST to its endpoint and returns the id. */
async function connect(name: string): Promise<typeof provision> {
  const key = { namespace: tenant, name };
  const { admin } = site;
  await admin.create<KubeObject>(SCIM_INTEGRATIONS, { metadata: key }, TEST_MANAGER);
  const endpoint = await eventually(async () => {
    const { status } = await admin.get<KubeIntegration>(SCIM_INTEGRATIONS, key);
    return status?.endpoint ?? Promise.reject(new Error('no endpoint yet'));
  });
  const secret = await eventually(() =>
    admin.get<Secret>(SECRETS, { namespace: tenant, name: `${name}-scim-token` }),
  );
  const headers = {
    authorization: `Bearer ${textOf(secret, 'token')}`,
    'content-type': 'application/scim+json',
  };
  return async (path, body) => {
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${endpoint}${path}`, init);
    const { id, detail } = (await response.json()) as { id?: string; detail?: string };
    return id ?? Promise.reject(new Error(detail));
  };
}

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

async function people(): Promise<typeof ids> {
  const user = (userName: string, more: object = {}) =>
    provision('/Users', { schemas: [USER], userName, active: true, ...more });
  const group = (displayName: string, ...members: readonly string[]) =>
    provision('/Groups', {
      schemas: [GROUP],
      displayName,
      members: members.map((value) => ({ value })),
    });
  const ada = await user('ada@acme.example', {
    displayName: 'Ada Lovelace',
    name: { givenName: 'Ada', familyName: 'Lovelace' },
    externalId: '00u1',
  });
  const grace = await user('grace@acme.example', {
    displayName: 'Grace Hopper',
    name: { familyName: 'Hopper' },
    active: false,
  });
  const everyone: string[] = [];
  for (const [index, displayName] of HOSTILE.entries())
    everyone.push(
      await user(`hostile-${index}-${displayName}`.slice(0, 200), {
        displayName,
        title: displayName,
        profileUrl: 'javascript:alert(1)',
      }),
    );
  const engineering = await group('Engineering', ada, grace);
  const platform = await group('Platform', engineering);
  const named = await group(`${HOSTILE.slice(0, 3).join(' ')} ${'x'.repeat(800)}`, ...everyone);
  return { ada, grace, hostile: everyone[0] ?? '', platform, engineering, named };
}

const open = (...path: readonly string[]) => page.goto(['/console', tenant, ...path].join('/'));

const bindings = async () =>
  (await site.admin.list<KubeGroupBinding>(SCIM_GROUP_BINDINGS, { namespace: tenant })).items ?? [];

const adaMay = (verb: string) =>
  mayDo(site.admin, 'scim:ada@acme.example', {
    namespace: tenant,
    verb,
    group: '',
    resource: 'configmaps',
  });

describe('the list of users', () => {
  it('is searched as one types, and the address keeps the search', async () => {
    await open('users');
    await page.getByRole('link', { name: 'Ada Lovelace' }).waitFor();
    const field = page.getByRole('searchbox', { name: 'Search users' });
    await field.pressSequentially('hopp');
    await page.getByRole('link', { name: 'Ada Lovelace' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Grace Hopper' }).waitFor();
    expect(new URL(page.url()).search).toBe('?q=hopp');
    expect(await page.evaluate('document.activeElement?.name')).toBe('q');
    await page.getByLabel('State').selectOption('active');
    await page.getByText('No user matches').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('is limited to a group as one types its name', async () => {
    await open('users');
    await page.getByLabel('Group', { exact: true }).pressSequentially('engi');
    await page.getByText('Users in Engineering.').waitFor();
    const row = page.getByRole('row', { name: /Ada Lovelace/ });
    expect(await row.getByRole('link', { name: 'Engineering' }).count()).toBe(1);
    expect(await page.getByRole('link', { name: /hostile/ }).count()).toBe(0);
    expect(new URL(page.url()).search).toBe('?in=engi');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByLabel('Group', { exact: true }).fill('zzz');
    await page.getByText('No group matches').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('works without script', async () => {
    const still = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
    const theirs = await still.newPage();
    await signInWithToken(theirs, administrator.token);
    await theirs.goto(`/console/${tenant}/users`);
    await theirs.getByLabel('Group', { exact: true }).fill('engineering');
    await theirs.getByRole('button', { name: 'Search' }).click();
    expect(await theirs.getByRole('checkbox', { name: 'In Engineering' }).isChecked()).toBe(true);
    await theirs.getByRole('link', { name: 'Grace Hopper' }).waitFor();
    await theirs.getByRole('searchbox', { name: 'Search users' }).fill('Ada');
    await theirs.getByRole('button', { name: 'Search' }).click();
    await theirs.getByRole('link', { name: 'Ada Lovelace' }).click();
    expect(await theirs.getByRole('heading', { level: 1 }).textContent()).toBe('Ada Lovelace');
    expect(await theirs.getByRole('link', { name: 'Grace Hopper' }).count()).toBe(0);
    await still.close();
  });
});

describe('a role', () => {
  it('is attached to a group, takes effect in Kubernetes, is explained, and is detached', async () => {
    expect(await adaMay('get')).toBe(false);
    await open('groups', ids.platform);
    await page.getByLabel('Name of the role').fill('view');
    await page.getByRole('button', { name: 'Attach' }).click();
    await page.getByText('The role was attached.').waitFor();
    await eventually(async () => expect(await adaMay('get')).toBe(true));
    expect(await adaMay('create')).toBe(false);

    await open('users', ids.ada);
    const powers = page.locator('#powers');
    const row = powers.getByRole('row', { name: /view/ });
    await eventually(async () => {
      await page.reload();
      expect(await row.textContent()).toContain('Platform');
    });
    await powers.getByLabel('Verb').fill('get');
    await powers.getByLabel('Resource').fill('configmaps');
    await powers.getByRole('button', { name: 'May they?' }).click();
    await powers.getByText('Yes', { exact: true }).waitFor();
    await page.getByText('Through').first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);

    await open('roles');
    expect(await page.getByRole('row', { name: /view.*Platform/s }).count()).toBe(1);
    expect(await accessibilityFaults(page)).toEqual([]);

    await open('groups', ids.platform);
    await page.getByRole('link', { name: /^Detach/ }).click();
    await page.getByText('What stays').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Detach' }).click();
    await page.getByText('The role was detached.').waitFor();
    await eventually(async () => expect(await adaMay('get')).toBe(false));
  });

  it('is recorded under the name of the visitor', async () => {
    await open('activity');
    for (const done of ['attached a role', 'detached a role']) {
      const row = page.getByRole('row', { name: done }).first();
      expect(await row.textContent()).toContain(administrator.user.slice(0, 30));
    }
    await eventually(async () => {
      const events = await site.admin.list<KubeObject & { note: string }>(EVENTS, {
        namespace: tenant,
      });
      expect(events.items?.map(({ note }) => note)).toContain(
        `${administrator.user} attached ClusterRole view to the group Platform`,
      );
    });
  });

  it('is not attached by somebody who may not bind it', async () => {
    const before = await bindings();
    await open('groups', ids.platform);
    await page.getByLabel('Name of the role').fill('edit');
    await page.getByRole('button', { name: 'Attach' }).click();
    await page.getByText('You may not grant ClusterRole edit').waitFor();
    expect(await page.getByLabel('Name of the role').inputValue()).toBe('edit');
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await bindings()).toEqual(before);
  });
});

describe('the activity', () => {
  it('has what the identity provider wrote, filtered, and as a file', async () => {
    await open('activity');
    await page.getByLabel('Kind of object').selectOption('Group');
    await page
      .getByRole('row', { name: /Ada Lovelace|ada@/ })
      .first()
      .waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /Engineering/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.reload();
    const waiting = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export JSON lines' }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toMatch(/^activity-acme-[\w-]+\.jsonl$/);
    const entries = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(entries.map((line) => JSON.parse(line).resource.type)).toEqual(
      entries.map(() => 'Group'),
    );
  });

  it('has the last requests of the integration', async () => {
    await expect(provision('/Users', { schemas: [USER] })).rejects.toThrow();
    await open('activity', 'requests');
    await eventually(async () => {
      await page.getByLabel('Result').selectOption('');
      await page.reload();
      expect(await page.getByText('POST /Users').count()).toBeGreaterThan(0);
    });
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

describe('names that are meant to do harm', () => {
  it('do nothing on any page, wide and narrow', async () => {
    let dialogs = 0;
    page.on('dialog', async (dialog) => {
      dialogs += 1;
      await dialog.dismiss();
    });
    for (const path of [
      ['users'],
      ['users', ids.hostile],
      ['users', ids.hostile, 'sessions', 'end'],
      ['groups'],
      ['groups', ids.named],
      ['groups', `${ids.named}?members=nested`],
      ['roles'],
      ['activity'],
      ['activity', 'requests'],
    ]) {
      await open(...path);
      for (const width of [1_280, 320]) {
        await page.setViewportSize({ width, height: 720 });
        const place = `${path.join('/')} at ${width} px`;
        expect(`${place}: ${await overflowOf(page)}`).toBe(`${place}: 0`);
        expect(await accessibilityFaults(page)).toEqual([]);
      }
    }
    expect(dialogs).toBe(0);
  });
});
