import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../src/access/grants.ts';
import { ruleText, shownGrants } from '../../../src/console/roles/grants.ts';
import { storeOf } from '../../support/console/people.ts';

const IDENTITY = {
  user: 'scim:ada',
  groups: ['scim:acme', 'scim:acme:Engineering'],
  tenant: 'acme',
};
const GRANT: Grant = {
  binding: { kind: 'RoleBinding', name: 'by-hand' },
  role: { kind: 'ClusterRole', name: 'view' },
  subject: { kind: 'User', name: 'scim:ada' },
  groupBinding: undefined,
  rules: [],
};
const BINDING = {
  kind: 'ScimGroupBinding',
  metadata: { namespace: 'acme', name: 'engineers' },
  spec: { group: { displayName: 'Engineering' }, roleRef: { kind: 'ClusterRole', name: 'view' } },
};

const reasons = async (grant: Partial<Grant>, identity: typeof IDENTITY | object = IDENTITY) => {
  const { client } = storeOf({ objects: [BINDING] });
  const access = { explain: async () => [{ ...GRANT, ...grant }] } as never;
  const grants = await shownGrants({ access, client }, identity as typeof IDENTITY, 'acme');
  return grants.map(({ because, binding }) => [because, binding]);
};

describe('the reason for a role', () => {
  it.each<[string, Partial<Grant>, string, string]>([
    [
      'the group of a ScimGroupBinding',
      { groupBinding: 'engineers' },
      'the group Engineering',
      'ScimGroupBinding engineers',
    ],
    [
      'a group without a name, if its ScimGroupBinding is gone',
      { groupBinding: 'gone' },
      'a group of the identity provider',
      'ScimGroupBinding gone',
    ],
    ['the name of the user', {}, 'the name scim:ada', 'RoleBinding by-hand'],
    [
      'a Kubernetes group',
      { subject: { kind: 'Group', name: 'scim:acme:Engineering' } },
      'the Kubernetes group scim:acme:Engineering',
      'RoleBinding by-hand',
    ],
    [
      'the group of all users of the tenant',
      { subject: { kind: 'Group', name: 'scim:acme' } },
      'the Kubernetes group scim:acme, which all users have',
      'RoleBinding by-hand',
    ],
  ])('is %s', async (_, grant, because, binding) => {
    expect(await reasons(grant)).toEqual([[because, binding]]);
  });

  it('makes nothing special of the groups of a token', async () => {
    const identity = { user: 'system:serviceaccount:a:b', groups: ['system:serviceaccounts'] };
    const subject = { kind: 'Group', name: 'system:serviceaccounts' };
    expect(await reasons({ subject }, identity)).toEqual([
      ['the Kubernetes group system:serviceaccounts', 'RoleBinding by-hand'],
    ]);
  });
});

describe('a rule', () => {
  it('is said with its verbs, resources, groups and names', () => {
    const rule = {
      verbs: ['get', 'list'],
      apiGroups: ['', 'apps'],
      resources: ['pods'],
      resourceNames: ['web'],
    };
    expect(ruleText(rule)).toBe('get, list: pods, pods.apps (only web)');
  });
});
