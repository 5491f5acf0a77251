import { describe, expect, it } from 'vitest';
import type { Identity, ResourceAttributes } from '../../../src/access/identity.ts';
import { setupLinkHash } from '../../../src/console/setup/link-hash.ts';
import { ANNOTATION_INTEGRATION_UID, SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { SetupLink } from '../../../src/directory/store/setup-links.ts';
import { generateToken, hashToken, keyIdOf } from '../../../src/directory/tokens.ts';
import { handMadeConsole, NOW } from '../../support/console/hand-made.ts';
import { ADA, INTEGRATION, storeOf } from '../../support/console/people.ts';

const MINUTE = 60_000;
const SECRET = 's'.repeat(43);
const TOKEN = generateToken();
const CREATED_AT = NOW - 5 * MINUTE;

const OBJECTS = [
  {
    ...INTEGRATION,
    metadata: {
      ...INTEGRATION.metadata,
      creationTimestamp: new Date(NOW - 60 * MINUTE).toISOString(),
    },
    status: {
      ...INTEGRATION.status,
      endpoint: 'https://scim.example.com/scim/v2',
      tokenSecretRef: { name: 'company-idp-token' },
    },
  },
  {
    kind: 'Secret',
    metadata: {
      namespace: 'acme',
      name: 'company-idp-token',
      annotations: { [ANNOTATION_INTEGRATION_UID]: INTEGRATION.metadata.uid },
    },
    data: { token: Buffer.from(TOKEN).toString('base64') },
  },
];

const LINK: SetupLink = {
  hash: setupLinkHash(SECRET),
  tenant: 'acme',
  namespace: 'acme',
  name: 'company-idp',
  integrationUid: INTEGRATION.metadata.uid,
  creator: { kind: 'person', accessId: ADA.id },
  createdBy: 'scim:ada@acme.example',
  createdAt: CREATED_AT,
  expiresAt: NOW + MINUTE,
  tokenShownAt: undefined,
};
const ADA_NOW = { user: 'scim:ada@acme.example', groups: ['scim:acme:Admins'], tenant: 'acme' };
const HOLDER = { user: 'admin', groups: ['admins'], extra: {} };

interface Circumstances {
  readonly link?: Partial<SetupLink>;
  /** When the current token was issued. */
  readonly issuedAt?: number;
  readonly ada?: Identity | undefined;
  readonly may?: (identity: Identity, question: ResourceAttributes) => boolean;
  readonly namespaces?: readonly string[];
}

/** A link that was created five minutes ago. */
function linked(given: Circumstances = {}) {
  const { link, issuedAt = CREATED_AT - MINUTE, may, namespaces = ['acme'] } = given;
  const made = storeOf({ objects: OBJECTS, links: [{ ...LINK, ...link }] });
  const store = {
    ...made.store,
    tokens: {
      owner: async (hash: string) =>
        hash === hashToken(TOKEN) ? INTEGRATION.status.integrationId : undefined,
      list: async () => [{ keyId: keyIdOf(TOKEN), issuedAt }],
    },
  } as unknown as typeof made.store;
  const ada = 'ada' in given ? given.ada : ADA_NOW;
  return {
    ...made,
    ...handMadeConsole({
      context: { ...made, store },
      access: { identityOf: async (_, id) => (id === ADA.id ? ada : undefined) },
      tenants: [{ name: 'acme', namespaces }],
      ...(may && { may }),
    }),
  };
}

const ADDRESS = `/setup/${SECRET}`;

describe('the page behind a setup link', () => {
  it('shows the token once, to a form of its own', async () => {
    const { get, post } = linked();
    const before = await (await get(ADDRESS, {})).text();
    expect(before).toContain('Show the token once');
    expect(before).not.toContain(TOKEN);
    const foreign = { cookie: '', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await post(ADDRESS, {}, foreign)).status).toBe(403);
    const shown = await post(ADDRESS, {}, { cookie: '' });
    expect(shown.headers.get('cache-control')).toBe('no-store');
    expect(await shown.text()).toContain(TOKEN);
    expect((await post(ADDRESS, {}, { cookie: '' })).status).toBe(409);
    expect(await (await get(ADDRESS, {})).text()).toContain('does not show the token any more');
  });

  it('does not show a token that was rotated after the link was created', async () => {
    const { get, post } = linked({ issuedAt: CREATED_AT + MINUTE });
    expect(await (await get(ADDRESS, {})).text()).toContain('does not show the token any more');
    const refused = await post(ADDRESS, {}, { cookie: '' });
    expect(refused.status).toBe(409);
    expect(await refused.text()).not.toContain(TOKEN);
  });

  it('is the same for a link that never existed, whatever its form', async () => {
    const { get } = linked();
    for (const secret of ['x'.repeat(43), 'x', '..', '%00'])
      expect((await get(`/setup/${secret}x`, {})).status).toBe(404);
  });

  it('has ended for a later integration of the same name', async () => {
    const { get, post } = linked({ link: { integrationUid: 'uid-of-another' } });
    expect((await get(ADDRESS, {})).status).toBe(404);
    expect((await post(ADDRESS, {}, { cookie: '' })).status).toBe(404);
  });

  it.each<[string, Circumstances]>([
    ['was deactivated or removed', { ada: undefined }],
    ['has lost the role', { may: ({ groups }) => !groups.includes('scim:acme:Admins') }],
    [
      'had a Kubernetes token',
      {
        link: { creator: { kind: 'kubernetes', holder: HOLDER } },
        may: ({ user }) => user !== 'admin',
      },
    ],
    ['works for a namespace that lost the tenant', { namespaces: ['other'] }],
  ])('has ended when its creator %s, and may not create links any more', async (_, given) => {
    const { get, post } = linked(given);
    expect((await get(ADDRESS, {})).status).toBe(404);
    const refused = await post(ADDRESS, {}, { cookie: '' });
    expect(refused.status).toBe(404);
    expect(await refused.text()).not.toContain(TOKEN);
  });

  it('asks about its creator as of now, for the integration', async () => {
    const questions: unknown[] = [];
    const may = (...question: [Identity, ResourceAttributes]) => questions.push(question) > 0;
    await linked({ may }).get(ADDRESS, {});
    const { group } = SCIM_INTEGRATIONS;
    const patch = { verb: 'patch', group, resource: 'scimintegrations', namespace: 'acme' };
    expect(questions).toEqual([[ADA_NOW, { ...patch, name: 'company-idp' }]]);
  });
});

const PAGE = '/console/acme/provisioning/acme/company-idp';
const REVOKE = `${PAGE}/setup-link/revoke`;
const CSRF = 'proof-of-the-session';

describe('the setup links of an integration', () => {
  it('are shown on its page, and end when they are revoked', async () => {
    const { get, post, recorded } = linked();
    const html = await (await get(PAGE)).text();
    expect(html).toContain('Setup links that work');
    expect(html).toContain(LINK.createdBy);
    expect(html).not.toContain(SECRET);
    const revoked = await post(REVOKE, { csrf: CSRF, link: LINK.hash });
    expect(revoked.status).toBe(303);
    expect(await (await get(PAGE)).text()).not.toContain('Setup links that work');
    expect((await get(ADDRESS, {})).status).toBe(404);
    expect(recorded).toMatchObject([
      { operation: 'revokeSetupLink', change: { createdBy: { before: LINK.createdBy } } },
    ]);
    expect((await post(REVOKE, { csrf: CSRF, link: LINK.hash })).status).toBe(409);
    expect(recorded).toHaveLength(1);
  });

  it('are revoked by those only who may create them', async () => {
    const { get, post } = linked({ may: (_, { verb }) => verb !== 'patch' });
    const html = await (await get(PAGE)).text();
    expect(html).toContain('Setup links that work');
    expect(html).not.toContain('Revoke');
    expect((await post(REVOKE, { csrf: CSRF, link: LINK.hash })).status).toBe(403);
  });

  it('are created for the visitor, and are limited in number', async () => {
    const { get, post, store } = linked();
    const create = () => post(`${PAGE}/setup-link`, { csrf: CSRF, lifetime: '1d' });
    const html = await (await create()).text();
    const [, secret = ''] = /\/setup\/([\w-]{43})/.exec(html) ?? [];
    const link = await store.setupLinks.find(setupLinkHash(secret), NOW);
    const user = 'system:serviceaccount:kube-system:admin';
    expect(link).toMatchObject({ creator: { kind: 'kubernetes', holder: { user } } });
    expect((await get(`/setup/${secret}`, {})).status).toBe(200);
    for (let links = 2; links < 20; links++) expect((await create()).status).toBe(200);
    expect((await create()).status).toBe(409);
  });
});
