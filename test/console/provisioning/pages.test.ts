import { describe, expect, it, vi } from 'vitest';
import { handMadeConsole, NOW } from '../../support/console/hand-made.ts';
import { INTEGRATION, storeOf } from '../../support/console/people.ts';

const REQUEST = {
  at: NOW,
  requestId: 'r1',
  method: 'POST',
  path: '/Users',
  status: 400,
  ms: 1,
  keyId: 'k1',
  detail: 'userName is missing',
  body: '{"displayName":"Ada Lovelace"}',
};
const OBJECT = {
  ...INTEGRATION,
  metadata: { ...INTEGRATION.metadata, creationTimestamp: new Date(NOW).toISOString() },
};

function consoleFor(may: (resource: string) => boolean = () => true) {
  const made = storeOf({ objects: [OBJECT], requests: [REQUEST] });
  const store = { ...made.store, tokens: { list: async () => [] } } as unknown as typeof made.store;
  const context = { ...made, store };
  return handMadeConsole({ context, may: (_, { resource }) => may(resource) });
}

describe('the page of an integration', () => {
  it('shows the last requests to a visitor who may see the activity', async () => {
    const { get } = consoleFor();
    const html = await (await get('/console/acme/provisioning/acme/company-idp')).text();
    expect(html).toContain('Ada Lovelace');
  });

  it('does not show them to anybody else, because they are about users', async () => {
    const { get } = consoleFor((resource) => resource !== 'activity');
    const response = await get('/console/acme/provisioning/acme/company-idp');
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).not.toContain('Ada Lovelace');
    expect(html).not.toContain('userName is missing');
  });

  it('calls an identity provider of another kind by no name within sentences', async () => {
    const { get } = consoleFor();
    const html = await (await get('/console/acme/provisioning/acme/company-idp')).text();
    expect(html).toContain('Connect your identity provider');
    expect(html).toContain('The last request of your identity provider arrived');
    expect(html.match(/Another identity provider/g)).toHaveLength(1);
  });

  it.each(['', '.', '..', '../secrets/x', 'x%2fstatus'])(
    'is not looked for under the name %j, which is none',
    async (name) => {
      const made = storeOf({ objects: [OBJECT] });
      const get = vi.spyOn(made.client, 'get');
      const query = new URLSearchParams({ of: `acme/${name}` });
      const path = `/console/acme/activity/requests?${query}`;
      expect((await handMadeConsole({ context: made }).get(path)).status).toBe(404);
      expect(get).not.toHaveBeenCalled();
    },
  );
});

describe('the place of a token that is not shown', () => {
  const SECRET = 'The token is in the Secret <code>the-secret</code> of the namespace acme.';
  const pageFor = async ({ shownAt, mayPatch }: { shownAt?: number; mayPatch: boolean }) => {
    const endpoint = 'https://scim.example.com/scim/v2';
    const status = { ...OBJECT.status, endpoint, tokenSecretRef: { name: 'the-secret' } };
    const object = { ...OBJECT, status };
    const made = storeOf({ objects: [object] });
    const token = { integrationId: 'integration-1', keyId: 'k1', issuedAt: NOW, shownAt };
    const tokens = { list: async () => [token] };
    const store = { ...made.store, tokens } as unknown as typeof made.store;
    const { get } = handMadeConsole({
      context: { ...made, store },
      may: (_, { verb }) => mayPatch || verb !== 'patch',
    });
    return (await get('/console/acme/provisioning/acme/company-idp')).text();
  };

  it('has a button for a visitor who may see it, and only the Secret for others', async () => {
    const button = 'Show the token once';
    expect(await pageFor({ mayPatch: true })).toContain(button);
    const html = await pageFor({ mayPatch: false });
    expect(html).toContain(SECRET);
    expect(html).not.toContain(button);
    expect(html).not.toContain('shown here before');
    expect(html).not.toContain('rotate it');
  });

  it('says that it was shown, and how to get another one to a visitor who may', async () => {
    const html = await pageFor({ shownAt: NOW, mayPatch: true });
    expect(html).toContain(`${SECRET} It was shown here before. If it is lost, rotate it.`);
    const forOthers = await pageFor({ shownAt: NOW, mayPatch: false });
    expect(forOthers).toContain(`${SECRET} It was shown here before.</p>`);
  });
});

describe('the switch of an integration', () => {
  const managed = (manager: string, operation: string) => ({
    ...OBJECT,
    metadata: {
      ...OBJECT.metadata,
      managedFields: [{ manager, operation, fieldsV1: { 'f:spec': { 'f:enabled': {} } } }],
    },
  });
  const pagesFor = async (object: typeof OBJECT) => {
    const made = storeOf({ objects: [object] });
    const tokens = { list: async () => [] };
    const store = { ...made.store, tokens } as unknown as typeof made.store;
    const { get } = handMadeConsole({ context: { ...made, store } });
    const path = '/console/acme/provisioning/acme/company-idp';
    const pages = await Promise.all([get(path), get(`${path}/disable`)]);
    return Promise.all(pages.map((page) => page.text()));
  };

  it.each([
    ['argocd-controller', 'Update'],
    ['kustomize-controller', 'Apply'],
    ['kubectl-client-side-apply', 'Update'],
    ['our-own-tool', 'Apply'],
  ])('comes with a warning if %s may undo it', async (manager, operation) => {
    for (const html of await pagesFor(managed(manager, operation)))
      expect(html).toContain(`${manager} also manages <code>spec.enabled</code>`);
  });

  it.each([
    ['scim-operator-console', 'Update'],
    ['kubectl-edit', 'Update'],
  ])('has none if %s has written it', async (manager, operation) => {
    for (const html of await pagesFor(managed(manager, operation)))
      expect(html).not.toContain('spec.enabled');
  });
});
