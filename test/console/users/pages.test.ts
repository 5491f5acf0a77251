import { describe, expect, it, vi } from 'vitest';
import type { Grant } from '../../../src/access/grants.ts';
import type { KubeObject } from '../../../src/kube/resource.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { expectHarmless } from '../../support/console/harmless.ts';
import { HOSTILE } from '../../support/console/hostile.ts';
import {
  ADA,
  ENGINEERING,
  ENTRY,
  INTEGRATION,
  SESSION_OF_ADA,
  storeOf,
} from '../../support/console/people.ts';

const USERS = '/console/acme/users';
const PAGE = `${USERS}/${ADA.id}`;
const IDENTITY = { user: 'scim:ada@acme.example', groups: ['scim:acme', 'scim:acme:Engineering'] };

const hostilePeople = HOSTILE.map((name, index) => ({
  ...ADA,
  id: `id-${index}`,
  attributes: { userName: name, displayName: name, emails: [{ value: name, type: name }] },
}));

const searchesOf = ({ calls }: ReturnType<typeof storeOf>) =>
  calls.filter(([name]) => name === 'search');

describe('the list of users', () => {
  it('has a row for each user, with a link to their page', async () => {
    const { get } = handMadeConsole({ context: storeOf() });
    const html = await (await get(USERS)).text();
    expect(html).toContain(`<a href="${PAGE}"><bdi>Ada Lovelace</bdi></a>`);
    expect(html).toContain('<bdi>ada@acme.example</bdi>');
    expect(html).toContain('1 of 1 user in the tenant');
  });

  it.each([undefined, '   ', '\u202E'])(
    'links the userName alone if the displayName is %j',
    async (displayName) => {
      const userName = 'ada@acme.example';
      const attributes = displayName === undefined ? { userName } : { userName, displayName };
      const { get } = handMadeConsole({ context: storeOf({ people: [{ ...ADA, attributes }] }) });
      const html = await (await get(USERS)).text();
      expect(html).toContain(`<a href="${PAGE}"><bdi>ada@acme.example</bdi></a></th>`);
    },
  );

  it('asks the directory for exactly what the address asks for', async () => {
    const given = storeOf();
    const { get } = handMadeConsole({ context: given });
    const groupId = ENGINEERING.id;
    await get(`${USERS}?q=%20ada%20&state=inactive&group=${groupId}&by=i1&after=c1`);
    const wanted = { text: 'ada', active: false, groupId, integrationId: 'i1', after: 'c1' };
    expect(searchesOf(given)).toEqual([['search', 'acme', { ...wanted, limit: 50 }]]);
  });

  it.each(['?q=%00', `?q=${'x'.repeat(201)}`, '?state=maybe', '?q=', '?unknown=1'])(
    'ignores %s',
    async (query) => {
      const given = storeOf();
      const { get } = handMadeConsole({ context: given });
      expect((await get(`${USERS}${query}`)).status).toBe(200);
      expect(searchesOf(given)).toEqual([['search', 'acme', { limit: 50 }]]);
    },
  );

  it('says what to do while nobody is provisioned, and when nothing matches', async () => {
    const { get } = handMadeConsole({ context: storeOf({ people: [] }) });
    expect(await (await get(USERS)).text()).toContain('/console/acme/provisioning');
    expect(await (await get(`${USERS}?q=x`)).text()).toContain('Show all users');
  });

  it('shows hostile names as text, isolated, and small', async () => {
    const people = Array.from({ length: 7 }, () => hostilePeople).flat();
    const { get } = handMadeConsole({ context: storeOf({ people }) });
    const html = await (await get(`${USERS}?q=${encodeURIComponent('"><script>')}`)).text();
    expectHarmless(html);
    expect(html).toContain(`<bdi>${'x'.repeat(79)}…</bdi>`);
    expect(html.length).toBeLessThan(60_000);
  });
});

describe('the page of a user', () => {
  const grants: Grant[] = [
    {
      role: { kind: 'ClusterRole', name: 'edit' },
      binding: { kind: 'RoleBinding', name: 'scim:group:engineers:0' },
      subject: { kind: 'User', name: IDENTITY.user },
      groupBinding: 'engineers',
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    },
    {
      role: { kind: 'ClusterRole', name: 'view' },
      binding: { kind: 'RoleBinding', name: 'default' },
      subject: { kind: 'Group', name: 'scim:acme' },
      groupBinding: undefined,
      rules: [],
    },
  ];
  const explained = { identityOf: async () => IDENTITY, explain: async () => grants };

  it('says first what they may do and because of what', async () => {
    const binding = {
      kind: 'ScimGroupBinding',
      metadata: { namespace: 'acme', name: 'engineers' },
      spec: { group: { displayName: 'Engineering' } },
    };
    const { get } = handMadeConsole({
      context: storeOf({ objects: [binding as KubeObject] }),
      access: explained,
    });
    const html = await (await get(PAGE)).text();
    const sections = [...html.matchAll(/<h2>(.*?)(?:<small>.*?)?<\/h2>/g)].map(([, text]) => text);
    expect(sections[0]).toContain('What may they do, and why?');
    expect(html).toMatch(
      /<bdi>edit<\/bdi>.*get: pods.*the group Engineering.*ScimGroupBinding engineers/s,
    );
    expect(html).toMatch(/<bdi>view<\/bdi>.*the Kubernetes group scim:acme/s);
  });

  it('asks Kubernetes as this user, and only in namespaces where the visitor may see users', async () => {
    const { get, asked } = handMadeConsole({
      context: storeOf(),
      access: explained,
      tenants: [{ name: 'acme', namespaces: ['acme', 'acme-dev'] }],
      may: (_, { resource, namespace }) => resource !== 'users' || namespace === 'acme-dev',
    });
    const html = await (await get(`${PAGE}?verb=get&resource=deployments.apps&in=acme-dev`)).text();
    expect(html).toContain('Roles in the namespace acme-dev');
    expect(html).not.toContain('Roles in the namespace acme<');
    const question = { verb: 'get', resource: 'deployments', group: 'apps' };
    expect(asked).toContainEqual({ ...question, namespace: 'acme-dev' });
    await get(`${PAGE}?verb=get&resource=deployments.apps&in=kube-system`);
    expect(asked).not.toContainEqual({ ...question, namespace: 'kube-system' });
  });

  it('can be asked about namespaces that it does not explain', async () => {
    const namespaces = Array.from({ length: 25 }, (_, index) => `acme-${index}`);
    const { get } = handMadeConsole({
      context: storeOf(),
      access: explained,
      tenants: [{ name: 'acme', namespaces }],
    });
    const html = await (await get(PAGE)).text();
    expect(html).toContain('5 more namespaces can be asked about.');
    expect(html).toContain('<option value="acme-24">');
  });

  it('says how to ask when the question was not understood', async () => {
    const { get } = handMadeConsole({ context: storeOf(), access: explained });
    const words = 'The question was not understood.';
    expect(await (await get(`${PAGE}?verb=ge+t&resource=pods&in=acme`)).text()).toContain(words);
    expect(await (await get(`${PAGE}?verb=get&resource=pods&in=acme`)).text()).not.toContain(words);
    expect(await (await get(PAGE)).text()).not.toContain(words);
  });

  it('calls integrations as the other pages do', async () => {
    const objects = [INTEGRATION as KubeObject];
    const { get } = handMadeConsole({ context: storeOf({ objects }), access: explained });
    const html = await (await get(PAGE)).text();
    expect(html).toContain('<bdi>Company IdP</bdi></a>');
    expect(html).not.toContain('<bdi>company-idp</bdi>');
  });

  it('lets nothing be edited, and says who owns each field', async () => {
    const { get } = handMadeConsole({ context: storeOf(), access: explained });
    const html = await (await get(PAGE)).text();
    const profile = html.slice(html.indexOf('Fields of the profile'));
    expect(profile).not.toMatch(/<(?:input|textarea)(?![^>]*type="hidden")/);
    expect(profile).toContain('company-idp');
  });

  it('names the integration that last wrote a field', async () => {
    const { get } = handMadeConsole({
      context: storeOf({ entries: [ENTRY] }),
      access: explained,
    });
    const html = await (await get(PAGE)).text();
    expect(html).toMatch(/displayName<\/bdi>.*company-idp<\/bdi><span class="sub">set <time/s);
    expect(html).toMatch(/<bdi>Ada<\/bdi><\/del> → <ins><bdi>Ada Lovelace/);
  });

  it('has no history for a visitor who may not see the activity', async () => {
    const given = storeOf({ entries: [ENTRY] });
    const { get } = handMadeConsole({
      context: given,
      may: (_, { resource }) => resource !== 'activity',
    });
    expect(await (await get(PAGE)).text()).not.toContain('<h2>History');
    expect(given.calls).toEqual([]);
  });

  it('makes links of https addresses only', async () => {
    const { get } = handMadeConsole({ context: storeOf(), access: explained });
    const html = await (await get(PAGE)).text();
    expectHarmless(html);
    expect(html).toContain('href="https://photos.example/ada.png"');
    expect(html).toContain('<bdi>javascript:alert(1)</bdi>');
  });

  it.each(hostilePeople.map((person) => [person.attributes.userName.slice(0, 30), person]))(
    'shows the name %j as text',
    async (_, person) => {
      const { get } = handMadeConsole({ context: storeOf({ people: [person] }) });
      const html = await (await get(`${USERS}/${person.id}`)).text();
      expectHarmless(html);
      expect(html).not.toMatch(/<title>[^<]*[\u202A-\u202E\u2066-\u2069]/);
    },
  );

  it('is the same for an id of another tenant as for one that does not exist', async () => {
    const { get } = handMadeConsole({
      context: storeOf(),
      tenants: [
        { name: 'acme', namespaces: ['acme'] },
        { name: 'globex', namespaces: ['globex'] },
      ],
    });
    const foreign = await get(`/console/globex/users/${ADA.id}`);
    const missing = await get('/console/globex/users/none');
    expect(foreign.status).toBe(404);
    expect(withoutIds(await foreign.text())).toBe(withoutIds(await missing.text()));
  });

  it('does not exist for a visitor who may only list users, like all that is below it', async () => {
    const given = storeOf();
    const { get, post } = handMadeConsole({
      context: given,
      may: (_, { verb, resource }) => verb !== 'get' || resource !== 'users',
    });
    expect((await get(USERS)).status).toBe(200);
    for (const path of ['', '/sessions/end', '/account/unbind'])
      expect((await get(`${PAGE}${path}`)).status).toBe(404);
    for (const path of ['/sessions/end', '/account/unbind'])
      expect((await post(`${PAGE}${path}`, { csrf: 'proof-of-the-session' })).status).toBe(404);
    expect(given.recorded).toEqual([]);
  });

  it('says why an inactive user may do nothing', async () => {
    const people = [{ ...ADA, active: false }];
    const { get } = handMadeConsole({ context: storeOf({ people }) });
    expect(await (await get(PAGE)).text()).toContain('Nothing while inactive');
  });
});

const withoutIds = (html: string) => html.replace(/<code>[0-9a-f-]{36}<\/code>/g, '');

describe('ending all sessions', () => {
  it('is asked for once, and says what stays', async () => {
    const given = storeOf();
    const { get } = handMadeConsole({ context: given });
    const html = await (await get(`${PAGE}/sessions/end`)).text();
    expect(html).toContain('What stays');
    expect(html).toContain(`action="${PAGE}/sessions/end"`);
    expect(given.calls).toEqual([]);
  });

  it('is done in the tenant of the page, and recorded under the name of the visitor', async () => {
    const given = storeOf({ sessions: [SESSION_OF_ADA, SESSION_OF_ADA] });
    const { post } = handMadeConsole({ context: given });
    const response = await post(`${PAGE}/sessions/end`, { csrf: 'proof-of-the-session' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`${PAGE}?done=endSessions`);
    expect(given.calls).toEqual([['endAll', { tenant: 'acme', accessId: ADA.id }]]);
    expect(given.recorded).toMatchObject([
      { operation: 'endSessions', tenant: 'acme', resource: { type: 'User', id: ADA.id } },
    ]);
  });

  it.each([
    ['without the permission', { may: notUpdate }, { csrf: 'proof-of-the-session' }, 403],
    ['without the proof of the session', {}, {}, 400],
  ])('is refused %s', async (_, given, form, status) => {
    const stored = storeOf();
    const { post } = handMadeConsole({ context: stored, ...given });
    expect((await post(`${PAGE}/sessions/end`, form)).status).toBe(status);
    expect((await post(`${PAGE}/account/unbind`, form)).status).toBe(status);
    expect(stored.calls).toEqual([]);
  });

  it('is not offered without the permission', async () => {
    const { get } = handMadeConsole({ context: storeOf(), may: notUpdate });
    const html = await (await get(PAGE)).text();
    expect(html).not.toContain('/sessions/end');
    expect(html).not.toContain('/account/unbind');
  });
});

const notUpdate = (_: unknown, { verb }: { verb: string }) => verb !== 'update';

describe('unbinding an account', () => {
  it('ends the sessions, so that none outlives the account', async () => {
    const given = storeOf();
    const { post } = handMadeConsole({ context: given });
    const response = await post(`${PAGE}/account/unbind`, { csrf: 'proof-of-the-session' });
    expect(response.headers.get('location')).toBe(`${PAGE}?done=unbind`);
    expect(given.calls).toEqual([
      ['unbind', 'acme', ADA.id],
      ['endAll', { tenant: 'acme', accessId: ADA.id }],
    ]);
    expect(given.recorded).toMatchObject([{ operation: 'unbind' }]);
  });
});

describe('an id with NUL, which PostgreSQL refuses', () => {
  it.each(['users/a%00', 'users/a%00/sessions/end', 'groups/%00'])(
    'is not looked for at %s',
    async (path) => {
      const context = storeOf();
      const { people } = context.store;
      const asked = [vi.spyOn(people, 'get'), vi.spyOn(people, 'group')];
      expect((await handMadeConsole({ context }).get(`/console/acme/${path}`)).status).toBe(404);
      for (const each of asked) expect(each).not.toHaveBeenCalled();
    },
  );
});
