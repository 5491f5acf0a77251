import { describe, expect, it } from 'vitest';
import type { KubeGroupBinding } from '../../../src/crd/objects.ts';
import type { Nameable, NamingRule } from '../../../src/directory/kubernetes-names.ts';
import { decideMembers } from '../../../src/operator/group-binding/members.ts';
import {
  buildMembersBinding,
  isOfBinding,
  shardOf,
} from '../../../src/operator/group-binding/objects.ts';

const binding: KubeGroupBinding = {
  metadata: { namespace: 'acme', name: 'staff', uid: 'uid-1', generation: 1, resourceVersion: '1' },
  spec: { group: { displayName: 'Staff' }, roleRef: { kind: 'Role', name: 'reader' } },
};

const RULE: NamingRule = { prefix: 'scim:', from: 'userName', case: 'preserve' };
const named = (userName: string, email?: string): Nameable => ({
  userName,
  email,
  externalId: undefined,
});

describe('a reading of a group', () => {
  const basis = { found: ['g'], versions: { g: 1 }, userChanges: 0 };
  const group = { id: 'g', displayName: 'Staff' };

  it('gives nobody the role if it found no group, several groups or too large a group', () => {
    const readings = [
      { basis: { ...basis, found: [] }, members: [] },
      { basis: { ...basis, found: ['g', 'h'] }, members: [named('ann')] },
      { basis, group, members: undefined },
      { basis, members: [] },
    ];
    const seen = readings.map((reading) => decideMembers(binding, reading, RULE));
    expect(seen.map(({ obstacle }) => obstacle?.reason)).toEqual([
      'GroupNotFound',
      'GroupAmbiguous',
      'GroupTooLarge',
      'GroupNotFound',
    ]);
    expect(seen.flatMap(({ subjects }) => subjects)).toEqual([]);
    expect(seen[2]?.obstacle?.message).toContain('more than 10,000 members');
  });

  it('lists its members and counts those that are left out', () => {
    const members = [named('ann'), named('system:x'), named('Bob')];
    expect(decideMembers(binding, { basis, group, members }, { ...RULE, prefix: 'p:' })).toEqual({
      subjects: ['p:ann', 'p:Bob'],
      reserved: ['system:x'],
      unnamed: [],
    });
  });

  it('lists e-mail addresses once each, and who has none', () => {
    const members = [named('ann', 'Ann@x'), named('bob', 'ANN@x'), named('cid')];
    const rule: NamingRule = { prefix: 'scim:{tenant}:', from: 'email', case: 'lower' };
    expect(decideMembers(binding, { basis, group, members }, rule)).toEqual({
      subjects: ['scim:acme:ann@x'],
      reserved: [],
      unnamed: ['cid'],
    });
  });
});

describe('a RoleBinding', () => {
  const built = buildMembersBinding(binding, { index: 12, subjects: ['scim:ann'] });

  it('is recognised by its name and its owner, not by its labels', () => {
    expect(built.metadata.name).toBe('scim:group:staff:12');
    expect(isOfBinding(built, binding)).toBe(true);
    const { ownerReferences, ...unowned } = built.metadata;
    const { labels, ...unlabelled } = built.metadata;
    expect(isOfBinding({ ...built, metadata: unowned }, binding)).toBe(false);
    expect(isOfBinding({ ...built, metadata: unlabelled }, binding)).toBe(true);
    expect(shardOf({ ...built, metadata: unlabelled }, binding).isDrifted).toBe(true);
    const others = ['scim:group:staff:01', 'scim:group:staff:', 'scim:group:staff2:0', 'x'];
    for (const name of others)
      expect(isOfBinding({ ...built, metadata: { ...built.metadata, name } }, binding)).toBe(false);
  });

  it('never blocks the deletion of its ScimGroupBinding', () => {
    expect(built.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'scim-operator.dev/v1alpha1',
        kind: 'ScimGroupBinding',
        name: 'staff',
        uid: 'uid-1',
      },
    ]);
  });

  it('has drifted if a subject is not a user', () => {
    expect(shardOf(built, binding)).toEqual({
      index: 12,
      subjects: ['scim:ann'],
      isDrifted: false,
    });
    const group = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'scim:ann' };
    expect(shardOf({ ...built, subjects: [group] }, binding).isDrifted).toBe(true);
  });
});
