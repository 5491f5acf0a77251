import { describe, expect, it } from 'vitest';
import type { KubeGroupBinding } from '../../../src/crd/objects.ts';
import { decideMembers, subjectOf } from '../../../src/operator/group-binding/members.ts';
import {
  buildMembersBinding,
  isOfBinding,
  shardOf,
} from '../../../src/operator/group-binding/objects.ts';

const binding: KubeGroupBinding = {
  metadata: { namespace: 'acme', name: 'staff', uid: 'uid-1', generation: 1, resourceVersion: '1' },
  spec: { group: { displayName: 'Staff' }, roleRef: { kind: 'Role', name: 'reader' } },
};

describe('a member becomes a Kubernetes user', () => {
  it.each([
    ['Ann@acme.example', 'scim:', 'scim:Ann@acme.example'],
    ['ann', '', 'ann'],
    ['ann', 'https://idp#', 'https://idp#ann'],
    [' system:x', '', ' system:x'],
  ])('%s with the prefix "%s" as %s', (userName, prefix, subject) => {
    expect(subjectOf(userName, prefix)).toBe(subject);
  });

  it.each([
    ['system:admin', ''],
    ['system:admin', 'scim:'],
    ['SYSTEM:masters', ''],
    ['tem:masters', 'sys'],
    [':masters', 'system'],
    ['em:node:x', 'SyST'],
  ])('never if reserved: %s with the prefix "%s"', (userName, prefix) => {
    expect(subjectOf(userName, prefix)).toBeUndefined();
  });
});

describe('a reading of a group', () => {
  const basis = { found: ['g'], versions: { g: 1 }, userChanges: 0 };
  const group = { id: 'g', displayName: 'Staff' };

  it('gives nobody the role if it found no group, several groups or too large a group', () => {
    const readings = [
      { basis: { ...basis, found: [] }, userNames: [] },
      { basis: { ...basis, found: ['g', 'h'] }, userNames: ['ann'] },
      { basis, group, userNames: undefined },
      { basis, userNames: [] },
    ];
    const seen = readings.map((reading) => decideMembers(binding, reading, 'scim:'));
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
    const reading = { basis, group, userNames: ['ann', 'system:x', 'Bob'] };
    expect(decideMembers(binding, reading, 'p:')).toEqual({
      subjects: ['p:ann', 'p:Bob'],
      refused: 1,
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
