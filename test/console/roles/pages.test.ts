import { describe, expect, it } from 'vitest';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { expectHarmless } from '../../support/console/harmless.ts';
import { HOSTILE } from '../../support/console/hostile.ts';
import { storeOf } from '../../support/console/people.ts';

const ROLES = '/console/acme/roles';
const given = (displayName: string) => [
  {
    kind: 'ScimGroupBinding',
    metadata: { namespace: 'acme', name: 'engineers', generation: 1 },
    spec: { group: { displayName }, roleRef: { kind: 'ClusterRole', name: 'edit' } },
  },
  {
    kind: 'RoleBinding',
    metadata: { namespace: 'acme', name: 'default' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [
      { kind: 'Group', name: 'scim:acme' },
      { kind: 'Group', name: `scim:acme:${displayName}` },
    ],
  },
];

describe('the page of roles', () => {
  it('says who has which role in which namespace, and which one is the default', async () => {
    const { get } = handMadeConsole({ context: storeOf({ objects: given('Engineering') }) });
    const html = await (await get(ROLES)).text();
    expect(html).toMatch(/<h2>acme<small>namespace<\/small>/);
    expect(html).toContain('<a href="/console/acme"><bdi>acme</bdi></a>');
    // The ScimGroupBinding is being applied.
    expect(html).toContain('id="in-acme" data-live="2"');
    expect(html).toMatch(/<bdi>edit<.*Engineering<.*ScimGroupBinding <bdi>engineers</s);
    expect(html).toMatch(
      /<bdi>view<.*Everybody who signs in <span class="chip rest">Default role/s,
    );
  });

  it('is limited to the namespaces in which the visitor may see ScimGroupBindings', async () => {
    const console = handMadeConsole({
      context: storeOf({ objects: given('Engineering') }),
      tenants: [{ name: 'acme', namespaces: ['acme', 'acme-dev'] }],
      may: (_, { resource, namespace }) =>
        resource !== 'scimgroupbindings' || namespace === 'acme-dev',
    });
    const html = await (await console.get(ROLES)).text();
    expect(html).toContain('No group has a role yet');
    const none = handMadeConsole({
      context: storeOf(),
      may: (_, { resource }) => resource !== 'scimgroupbindings',
    });
    expect((await none.get(ROLES)).status).toBe(404);
  });

  it.each(HOSTILE)('shows the group %j as text', async (displayName) => {
    const { get } = handMadeConsole({ context: storeOf({ objects: given(displayName) }) });
    expectHarmless(await (await get(ROLES)).text());
  });
});
