/**
 * The whole story in a real browser: from an integration that an administrator creates to a person
 * who signs in, may do just what they should, and is out as soon as they are deactivated.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type IdentityProvider,
  startIdentityProvider,
} from '../../hack/identity-provider/start.ts';
import { DIRECTORY_API_GROUP } from '../../src/directory/permissions.ts';
import { ROLES } from '../../src/kube/resource.ts';
import { useBrowser, watchFaults } from '../support/browser/chromium.ts';
import { signInWithToken } from '../support/browser/sign-in.ts';
import { createVisitor, EVERYTHING, openSite, type Site } from '../support/console/site.ts';
import { eventually } from '../support/eventually.ts';
import { mayDo } from '../support/kube/access.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

const CLIENT = { id: 'scim-operator', secret: 'the-secret-of-the-client' };
const DEFAULT_ROLE = 'view';
/** What the role grants that the administrator attaches. */
const READS_PEOPLE = {
  apiGroups: [DIRECTORY_API_GROUP],
  resources: ['users', 'groups'],
  verbs: ['get', 'list'],
};

const browser = useBrowser();
const folder = mkdtempSync(join(tmpdir(), 'scim-operator-story-'));
let tenant: string;
let provider: IdentityProvider;
let site: Site;
let administrator: { readonly token: string };

beforeAll(async () => {
  const admin = adminClient();
  tenant = await createNamespace(admin, 'story');
  await admin.create(
    ROLES,
    { metadata: { namespace: tenant, name: 'people-reader' }, rules: [READS_PEOPLE] },
    TEST_MANAGER,
  );
  const account = (login: string) => ({
    login,
    claims: { sub: `sub-${login}`, preferred_username: `${login}@acme.example` },
  });
  provider = await startIdentityProvider({ accounts: ['ada', 'grace', 'mallory'].map(account) });
  const file = join(folder, 'sso.yaml');
  const clientSecretFile = join(folder, 'secret');
  writeFileSync(clientSecretFile, CLIENT.secret);
  const { issuer } = provider;
  const ours = {
    name: 'company',
    displayName: 'Company',
    tenants: [tenant],
    defaultRole: DEFAULT_ROLE,
  };
  const configuration = { ...ours, issuer, clientId: CLIENT.id, clientSecretFile };
  writeFileSync(file, JSON.stringify({ providers: [configuration] }));
  site = await openSite({ SCIM_OPERATOR_SSO_CONFIG: file, SCIM_OPERATOR_GROUP_BINDINGS: 'true' });
  provider.putClient({
    ...CLIENT,
    redirectUris: [`${site.url}/oauth/callback/company`],
    postLogoutRedirectUris: [`${site.url}/logout`],
  });
  const bind = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['bind'] };
  administrator = await createVisitor(admin, tenant, 'administrator', [...EVERYTHING, bind]);
});
afterAll(async () => {
  await site?.close();
  await provider?.close();
  rmSync(folder, { recursive: true });
});

/** Opens a browser of its own, in which nobody is signed in. */
async function newPage(): Promise<{
  page: Page;
  faults: readonly string[];
  close(): Promise<void>;
}> {
  const context = await browser.newContext({ baseURL: site.url });
  const faults = watchFaults(context);
  return { page: await context.newPage(), faults, close: () => context.close() };
}

/** Types the name and the password at the identity provider. */
async function signInAtProvider(page: Page, login: string): Promise<void> {
  await page.goto('/console');
  await page.getByRole('link', { name: 'Sign in with Company' }).click();
  await page.getByLabel('User name').fill(login);
  await page.getByLabel('Password').fill(provider.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${site.url}/**`);
}

/** Sends what an identity provider sends. Returns the id in the response. */
async function push(
  { endpoint, token }: { endpoint: string; token: string },
  method: string,
  path: string,
  body: object,
): Promise<string> {
  const response = await fetch(`${endpoint}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify(body),
  });
  expect([method, path, response.ok]).toEqual([method, path, true]);
  return response.status === 204 ? '' : ((await response.json()) as { id: string }).id;
}

const sections = (page: Page) =>
  page.getByRole('navigation', { name: 'IAM' }).getByRole('link').allTextContents();

it('runs from Create to the end of a session', async () => {
  const admins = await newPage();
  const { page } = admins;

  // The administrator creates an integration, and copies the endpoint and the token.
  await signInWithToken(page, administrator.token);
  await page.goto(`/console/${tenant}`);
  await page.getByRole('link', { name: 'Provisioning' }).first().click();
  await page
    .getByRole('link', { name: /^Create/ })
    .first()
    .click();
  await page.getByLabel('Name', { exact: true }).fill('Company IdP');
  await page.getByLabel('Description').fill('Everybody in the company');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('Copy the token now').waitFor();
  const idp = {
    endpoint: await page.locator('#endpoint').inputValue(),
    token: await page.locator('#token').inputValue(),
  };

  // The identity provider provisions through that endpoint.
  const ada = await push(idp, 'POST', '/Users', { userName: 'ada@acme.example' });
  await push(idp, 'POST', '/Users', { userName: 'grace@acme.example' });
  const members = [{ value: ada }];
  await push(idp, 'POST', '/Groups', { displayName: 'Engineering', members });

  // Both appear, and the administrator attaches a role to the group.
  await page.getByRole('link', { name: 'Users' }).first().click();
  for (const name of ['ada@acme.example', 'grace@acme.example'])
    await page.getByRole('link', { name }).first().waitFor();
  await page.getByRole('link', { name: 'Groups' }).first().click();
  await page.getByRole('link', { name: 'Engineering' }).click();
  await page.getByLabel('Kind').selectOption('Role');
  await page.getByLabel('Name of the role').fill('people-reader');
  await page.getByRole('button', { name: 'Attach' }).click();
  await page.getByText('The role was attached.').waitFor();

  // In another browser, a person signs in, and may do what the role and the default role grant.
  const adas = await newPage();
  await signInAtProvider(adas.page, 'ada');
  await adas.page.getByRole('button', { name: 'Sign out' }).waitFor();
  await eventually(async () => {
    await adas.page.goto(`/console/${tenant}`);
    expect(await sections(adas.page)).toEqual(['Users', 'Groups']);
  });
  await adas.page.goto('/console/me');
  await adas.page.getByText('scim:ada@acme.example').first().waitFor();
  const groups = ['', ':Engineering'].map((name) => `scim:${tenant}${name}`);
  for (const group of groups) await adas.page.getByText(group, { exact: true }).waitFor();
  const may = (
    user: string,
    of: readonly string[],
    resource: string,
    group: string,
    verb: string,
  ) => mayDo(site.admin, user, { namespace: tenant, verb, group, resource }, of);
  const asAda = ['scim:ada@acme.example', groups] as const;
  expect(await may(...asAda, 'users', DIRECTORY_API_GROUP, 'list')).toBe(true);
  await eventually(async () => expect(await may(...asAda, 'pods', '', 'list')).toBe(true));
  for (const [resource, group, verb] of [
    ['pods', '', 'delete'],
    ['bindings', DIRECTORY_API_GROUP, 'update'],
    ['scimintegrations', 'scim-operator.dev', 'create'],
    ['scimgroupbindings', 'scim-operator.dev', 'create'],
  ] as const)
    expect([resource, await may(...asAda, resource, group, verb)]).toEqual([resource, false]);

  // Somebody who is in no group has the default role alone.
  const graces = await newPage();
  await signInAtProvider(graces.page, 'grace');
  await graces.page.goto(`/console/${tenant}/users`);
  expect(await graces.page.getByRole('link', { name: 'ada@acme.example' }).count()).toBe(0);
  const asGrace = ['scim:grace@acme.example', [`scim:${tenant}`]] as const;
  expect(await may(...asGrace, 'pods', '', 'list')).toBe(true);
  expect(await may(...asGrace, 'users', DIRECTORY_API_GROUP, 'list')).toBe(false);

  // Somebody whom nobody has provisioned is refused, and told whom to ask.
  const mallorys = await newPage();
  await signInAtProvider(mallorys.page, 'mallory');
  await mallorys.page.getByText('mallory@acme.example is not provisioned').waitFor();
  await mallorys.page.goto(`/console/${tenant}`);
  await mallorys.page.getByRole('link', { name: 'Sign in with Company' }).waitFor();

  // A person who is deactivated is out within a second.
  const users = `/console/${tenant}/users`;
  await adas.page.goto(users);
  await adas.page.getByRole('link', { name: 'grace@acme.example' }).first().waitFor();
  const Operations = [{ op: 'replace', path: 'active', value: false }];
  await push(idp, 'PATCH', `/Users/${ada}`, { Operations });
  const since = performance.now();
  await eventually(async () => {
    const response = await adas.page.request.get(users);
    const isOut = (await response.text()).includes('Sign in with Company');
    expect(isOut).toBe(true);
  });
  expect(performance.now() - since).toBeLessThan(1_000);
  await adas.page.reload();
  // The provider still knows them.
  await adas.page.getByRole('link', { name: 'Sign in with Company' }).click();
  await adas.page.getByText('ada@acme.example is deactivated').waitFor();

  const visitors = [admins, adas, graces, mallorys];
  expect(visitors.flatMap(({ faults }) => faults)).toEqual([]);
  for (const { close } of visitors) await close();
});
