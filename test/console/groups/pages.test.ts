import { describe, expect, it, vi } from 'vitest';
import type { ResourceAttributes } from '../../../src/access/identity.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { expectHarmless } from '../../support/console/harmless.ts';
import { HOSTILE } from '../../support/console/hostile.ts';
import { ENGINEERING, storeOf } from '../../support/console/people.ts';

const GROUPS = '/console/acme/groups';
const PAGE = `${GROUPS}/${ENGINEERING.id}`;
const PROOF = { csrf: 'proof-of-the-session' };
const WANTED = { ...PROOF, kind: 'ClusterRole', role: 'edit', namespace: 'acme' };

const EDIT = { kind: 'ClusterRole', metadata: { name: 'edit' } };
const BINDING = {
  kind: 'ScimGroupBinding',
  metadata: {
    namespace: 'acme',
    name: 'engineers',
    uid: 'uid-1',
    generation: 1,
    resourceVersion: '1',
    managedFields: [
      { manager: 'argocd-controller' },
      { manager: 'scim-operator', subresource: 'status' },
    ],
  },
  spec: { group: { displayName: 'engineering' }, roleRef: { kind: 'ClusterRole', name: 'edit' } },
};
const DETACH = `${PAGE}/roles/acme/engineers/detach`;

const except =
  (...denied: readonly Partial<ResourceAttributes>[]) =>
  (_: unknown, question: ResourceAttributes) =>
    question.namespace !== '' &&
    !denied.some((each) =>
      Object.entries(each).every(([key, value]) => question[key as 'verb'] === value),
    );

describe('the list of groups', () => {
  it('has the members and the roles of each group', async () => {
    const { get } = handMadeConsole({ context: storeOf({ objects: [BINDING] }) });
    const html = await (await get(GROUPS)).text();
    expect(html).toMatch(/<bdi>Engineering<\/bdi><\/a><\/th><td class="num">2<\/td><td><bdi>edit</);
  });

  it('shows no roles of namespaces in which the visitor may not see them', async () => {
    const { get } = handMadeConsole({
      context: storeOf({ objects: [BINDING] }),
      may: except({ resource: 'scimgroupbindings', verb: 'list' }),
    });
    expect(await (await get(GROUPS)).text()).not.toContain('<bdi>edit<');
  });
});

describe('the page of a group', () => {
  it('has its roles, and what kubectl gave to it', async () => {
    const given = {
      kind: 'RoleBinding',
      metadata: { namespace: 'acme', name: 'by-hand' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'deployer' },
      subjects: [{ kind: 'Group', name: 'scim:acme:Engineering' }],
    };
    const { get } = handMadeConsole({ context: storeOf({ objects: [BINDING, given] }) });
    const html = await (await get(PAGE)).text();
    expect(html).toMatch(/<bdi>edit<.*ScimGroupBinding <bdi>engineers<.*Detach…/s);
    expect(html).toMatch(/<bdi>deployer<.*RoleBinding <bdi>by-hand</s);
    expect(html.match(/Detach…/g)).toHaveLength(1);
  });

  it('offers to attach a role only in namespaces where the visitor may', async () => {
    const tenants = [{ name: 'acme', namespaces: ['acme', 'acme-dev', 'acme-prod'] }];
    const { get } = handMadeConsole({
      context: storeOf(),
      tenants,
      may: except({ verb: 'create', namespace: 'acme-prod' }),
    });
    const html = await (await get(PAGE)).text();
    const offered = [...html.matchAll(/<option value="(acme[^"]*)"/g)].map(([, name]) => name);
    expect(offered).toEqual(['acme', 'acme-dev']);
    const none = handMadeConsole({ context: storeOf(), tenants, may: except({ verb: 'create' }) });
    expect(await (await none.get(PAGE)).text()).not.toContain('Attach a role</h3>');
  });

  it('asks for direct or nested members', async () => {
    const given = storeOf();
    const { get } = handMadeConsole({ context: given });
    await get(`${PAGE}?members=nested&after=c`);
    expect(given.calls).toEqual([
      ['members', 'acme', ENGINEERING.id, { nested: true, after: 'c', limit: 50 }],
    ]);
  });

  it.each(HOSTILE)('shows the name %j as text, everywhere', async (displayName) => {
    const group = { ...ENGINEERING, displayName };
    const binding = { ...BINDING, spec: { ...BINDING.spec, group: { displayName } } };
    const members = [{ id: 'g2', type: 'Group' as const, displayName }];
    const context = storeOf({ groups: [group], members, objects: [binding, EDIT] });
    const { get, post } = handMadeConsole({ context });
    for (const address of [GROUPS, PAGE, DETACH]) expectHarmless(await (await get(address)).text());
    const role = displayName.slice(0, 250);
    expectHarmless(await (await post(`${PAGE}/roles`, { ...WANTED, role })).text());
  });

  it('does not exist for a visitor who may only list groups, like all that is below it', async () => {
    const given = storeOf({ objects: [BINDING, EDIT] });
    const { get, post } = handMadeConsole({
      context: given,
      may: except({ verb: 'get', resource: 'groups' }),
    });
    expect((await get(GROUPS)).status).toBe(200);
    for (const address of [PAGE, DETACH]) expect((await get(address)).status).toBe(404);
    expect((await post(`${PAGE}/roles`, WANTED)).status).toBe(404);
    expect((await post(DETACH, { ...PROOF, uid: 'uid-1' })).status).toBe(404);
    expect(given.written).toEqual([]);
  });

  it('is the same for an id of another tenant as for one that does not exist', async () => {
    const tenants = ['acme', 'globex'].map((name) => ({ name, namespaces: [name] }));
    const { get, post } = handMadeConsole({ context: storeOf({ objects: [BINDING] }), tenants });
    for (const id of [ENGINEERING.id, 'none'])
      expect((await get(`/console/globex/groups/${id}`)).status).toBe(404);
    const foreign = `/console/globex/groups/${ENGINEERING.id}`;
    expect((await post(`${foreign}/roles`, WANTED)).status).toBe(404);
    expect((await get(`${foreign}/roles/acme/engineers/detach`)).status).toBe(404);
  });
});

describe('attaching a role', () => {
  it('creates a ScimGroupBinding under the field manager of the console, and records it', async () => {
    const given = storeOf({ objects: [EDIT] });
    const { post } = handMadeConsole({ context: given });
    const response = await post(`${PAGE}/roles`, WANTED);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`${PAGE}?done=attached`);
    expect(given.written).toEqual([
      [
        'create',
        {
          metadata: { namespace: 'acme', name: expect.stringMatching(/^engineering-edit-/) },
          spec: {
            tenant: 'acme',
            group: { displayName: 'Engineering' },
            roleRef: { kind: 'ClusterRole', name: 'edit' },
          },
        },
        'scim-operator-console',
      ],
    ]);
    expect(given.recorded).toMatchObject([
      {
        operation: 'attach',
        tenant: 'acme',
        actor: { kind: 'kubernetes', name: 'system:serviceaccount:kube-system:admin' },
        change: { group: { after: 'Engineering' }, role: { after: 'ClusterRole edit' } },
      },
    ]);
  });

  it('asks for the very role, by kind, name and namespace', async () => {
    const { post, asked } = handMadeConsole({ context: storeOf({ objects: [EDIT] }) });
    await post(`${PAGE}/roles`, WANTED);
    expect(asked).toContainEqual({
      verb: 'bind',
      group: 'rbac.authorization.k8s.io',
      resource: 'clusterroles',
      namespace: 'acme',
      name: 'edit',
    });
    await post(`${PAGE}/roles`, { ...WANTED, kind: 'Role' });
    expect(asked).toContainEqual(
      expect.objectContaining({ verb: 'bind', resource: 'roles', namespace: 'acme', name: 'edit' }),
    );
  });

  const refusals: readonly [string, object, object, number, string][] = [
    ['without bind on the role', { may: except({ verb: 'bind' }) }, {}, 422, 'You may not grant'],
    ['without create on ScimGroupBindings', { may: except({ verb: 'create' }) }, {}, 403, 'create'],
    ['in a namespace of nobody', {}, { namespace: 'kube-system' }, 403, 'kube-system'],
    ['if there is no such role', {}, { role: 'edti' }, 422, 'There is no ClusterRole'],
    ['with a name that is a path', {}, { role: '../edit' }, 422, 'contains no'],
    ['without the proof of the session', {}, { csrf: '' }, 400, 'another session'],
    ['of another kind', {}, { kind: 'Secret' }, 400, 'incomplete'],
  ];
  it.each(refusals)('is refused %s', async (_, given, form, status, text) => {
    const context = storeOf({ objects: [EDIT] });
    const { post } = handMadeConsole({ context, ...given });
    const response = await post(`${PAGE}/roles`, { ...WANTED, ...form });
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
    expect(context.written).toEqual([]);
    expect(context.recorded).toEqual([]);
  });

  it('is not offered, and refused, by an operator without ScimGroupBindings', async () => {
    const context = storeOf({ objects: [EDIT] });
    const { get, post } = handMadeConsole({ context: { ...context, groupBindings: false } });
    const html = await (await get(PAGE)).text();
    expect(html).not.toContain('Attach a role</h3>');
    expect(html).toContain('--group-bindings');
    expect((await post(`${PAGE}/roles`, WANTED)).status).toBe(400);
    expect(context.written).toEqual([]);
  });

  it('keeps what was entered when it is refused', async () => {
    const { post } = handMadeConsole({ context: storeOf() });
    const html = await (await post(`${PAGE}/roles`, { ...WANTED, kind: 'Role' })).text();
    expect(html).toContain('value="edit"');
    expect(html).toMatch(/<option value="Role" selected/);
    expect(html).toContain(`data-address="${PAGE}"`);
  });
});

describe('detaching a role', () => {
  it('is asked for once, says what stays, and who may create it again', async () => {
    const { get } = handMadeConsole({ context: storeOf({ objects: [BINDING] }) });
    const html = await (await get(DETACH)).text();
    expect(html).toContain('What stays');
    expect(html).toContain('argocd-controller wrote');
    expect(html).toContain('name="uid" value="uid-1"');
  });

  it('deletes the very object that was shown, and records it', async () => {
    const given = storeOf({ objects: [BINDING] });
    const { post } = handMadeConsole({ context: given });
    const response = await post(DETACH, { ...PROOF, uid: 'uid-1' });
    expect(response.headers.get('location')).toBe(`${PAGE}?done=detached`);
    expect(given.written).toEqual([['delete', { namespace: 'acme', name: 'engineers' }, 'uid-1']]);
    expect(given.recorded).toMatchObject([
      { operation: 'detach', resource: { name: 'acme/engineers' } },
    ]);
  });

  it('does nothing if the object was replaced meanwhile', async () => {
    const given = storeOf({ objects: [BINDING] });
    const { post } = handMadeConsole({ context: given });
    expect((await post(DETACH, { ...PROOF, uid: 'uid-0' })).status).toBe(409);
    expect(given.written).toEqual([]);
  });

  it.each([
    ['a ScimGroupBinding of another group', { group: { displayName: 'Research' } }],
    ['a ScimGroupBinding of another tenant', { tenant: 'globex' }],
  ])('finds no %s', async (_, spec) => {
    const binding = { ...BINDING, spec: { ...BINDING.spec, ...spec } };
    const given = storeOf({ objects: [binding] });
    const { post } = handMadeConsole({ context: given });
    expect((await post(DETACH, { ...PROOF, uid: 'uid-1' })).status).toBe(404);
    expect(given.written).toEqual([]);
  });

  it.each(['engineers%2fstatus', '..%2f..', '%2e%2e%2fengineers', 'engineers%252fstatus'])(
    'never asks the API server for %s, which names another address there',
    async (name) => {
      const given = storeOf({ objects: [BINDING] });
      const read = vi.spyOn(given.client, 'get');
      const { get, post } = handMadeConsole({ context: given });
      const path = `${PAGE}/roles/acme/${name}/detach`;
      expect((await get(path)).status).toBe(404);
      expect((await post(path, { ...PROOF, uid: 'uid-1' })).status).toBe(404);
      expect(read).not.toHaveBeenCalled();
    },
  );

  it('is refused without the permission to delete it', async () => {
    const given = storeOf({ objects: [BINDING] });
    const { get, post } = handMadeConsole({ context: given, may: except({ verb: 'delete' }) });
    expect((await get(DETACH)).status).toBe(403);
    expect((await post(DETACH, { ...PROOF, uid: 'uid-1' })).status).toBe(403);
    expect(await (await get(PAGE)).text()).not.toContain('Detach…');
    expect(given.written).toEqual([]);
  });
});
