import { describe, expect, it } from 'vitest';
import { setupLinkHash } from '../../../src/console/setup/link-hash.ts';
import { ANNOTATION_INTEGRATION_UID } from '../../../src/crd/names.ts';
import { generateToken, hashToken, keyIdOf } from '../../../src/directory/tokens.ts';
import { handMadeConsole, NOW } from '../../support/console/hand-made.ts';
import { INTEGRATION, storeOf } from '../../support/console/people.ts';

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

/** A link that was created five minutes ago, for a token that was issued at that time. */
function linkTo(issuedAt: number) {
  const made = storeOf({ objects: OBJECTS });
  let tokenShownAt: number | undefined;
  const link = {
    hash: setupLinkHash(SECRET),
    tenant: 'acme',
    namespace: 'acme',
    name: 'company-idp',
    createdBy: 'scim:ada@acme.example',
    createdAt: CREATED_AT,
    expiresAt: NOW + MINUTE,
  };
  const store = {
    ...made.store,
    setupLinks: {
      find: async (hash: string) => (hash === link.hash ? { ...link, tokenShownAt } : undefined),
      markTokenShown: async () => {
        if (tokenShownAt !== undefined) return false;
        tokenShownAt = NOW;
        return true;
      },
    },
    tokens: {
      owner: async (hash: string) =>
        hash === hashToken(TOKEN) ? INTEGRATION.status.integrationId : undefined,
      list: async () => [{ keyId: keyIdOf(TOKEN), issuedAt }],
    },
  } as unknown as typeof made.store;
  return handMadeConsole({ context: { ...made, store } });
}

const ADDRESS = `/setup/${SECRET}`;

describe('the page behind a setup link', () => {
  it('shows the token once, to a form of its own', async () => {
    const { get, post } = linkTo(CREATED_AT - MINUTE);
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
    const { get, post } = linkTo(CREATED_AT + MINUTE);
    expect(await (await get(ADDRESS, {})).text()).toContain('does not show the token any more');
    const refused = await post(ADDRESS, {}, { cookie: '' });
    expect(refused.status).toBe(409);
    expect(await refused.text()).not.toContain(TOKEN);
  });

  it('is the same for a link that never existed, whatever its form', async () => {
    const { get } = linkTo(CREATED_AT);
    for (const secret of ['x'.repeat(43), 'x', '..', '%00'])
      expect((await get(`/setup/${secret}x`, {})).status).toBe(404);
  });
});
