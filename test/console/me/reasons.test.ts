import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../src/access/grants.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { storeOf } from '../../support/console/people.ts';

const GRANT: Grant = {
  binding: { kind: 'RoleBinding', name: 'admins' },
  role: { kind: 'ClusterRole', name: 'scim-operator-admin' },
  subject: { kind: 'Group', name: 'scim:acme:Admins' },
  groupBinding: undefined,
  rules: undefined,
};

describe('the page about the visitor', () => {
  it('says because of which bindings they have permissions, in each namespace', async () => {
    const { get } = handMadeConsole({
      context: storeOf(),
      tenants: [{ name: 'acme', namespaces: ['acme', 'acme-dev'] }],
      access: { explain: async (_, namespace) => (namespace === 'acme' ? [GRANT] : []) },
    });
    const html = await (await get('/console/me')).text();
    expect(html).toContain('Roles in the namespace acme<');
    expect(html).not.toContain('Roles in the namespace acme-dev<');
    expect(html).toMatch(
      /scim-operator-admin.*Role not found.*scim:acme:Admins.*RoleBinding admins/s,
    );
  });

  it('counts a namespace once that may provision several tenants', async () => {
    const namespaces = Array.from({ length: 20 }, (_, index) => `shared-${index}`);
    const { get } = handMadeConsole({
      context: storeOf(),
      tenants: [
        { name: 'acme', namespaces },
        { name: 'globex', namespaces },
      ],
    });
    expect(await (await get('/console/me')).text()).not.toContain('more namespace');
  });

  it('explains 20 namespaces at most, and none of another tenant', async () => {
    const asked: string[] = [];
    const namespaces = Array.from({ length: 30 }, (_, index) => `acme-${index}`);
    const { get } = handMadeConsole({
      context: storeOf(),
      session: { tenant: 'acme' },
      tenants: [
        { name: 'acme', namespaces },
        { name: 'globex', namespaces: ['globex'] },
      ],
      access: {
        explain: async (_, namespace) => {
          asked.push(namespace);
          return [];
        },
      },
    });
    const html = await (await get('/console/me')).text();
    expect(asked).toEqual(namespaces.slice(0, 20));
    expect(html).toContain('10 more namespaces');
  });
});
