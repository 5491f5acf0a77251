import { describe, expect, it } from 'vitest';
import {
  bindingName,
  roleNameFault,
  specFor,
  wantedRoleIn,
} from '../../../src/console/groups/binding.ts';
import { DNS_LABEL } from '../../../src/crd/rules.ts';

const LABEL = new RegExp(DNS_LABEL);

describe('the name of a new ScimGroupBinding', () => {
  it('says which group gets which role', () => {
    expect(bindingName('Engineering', 'edit')).toMatch(/^engineering-edit-[a-z0-9]{5}$/);
  });

  it.each([
    ['Engineering & Platform (EMEA)', 'admin'],
    ['x'.repeat(1_000), 'y'.repeat(253)],
    ['технический отдел', 'view'],
    ['---', '...'],
    ['🙂', '🙂'],
    ['<script>alert(1)</script>', 'system:aggregate-to-view'],
    ['-a-', '-b-'],
    ['', ''],
  ])('is a DNS label for the group %j and the role %j', (group, role) => {
    const name = bindingName(group, role);
    expect(name).toMatch(LABEL);
    expect(name.length).toBeLessThanOrEqual(63);
  });

  it('differs from attempt to attempt', () => {
    const names = new Set(Array.from({ length: 50 }, () => bindingName('Engineering', 'edit')));
    expect(names.size).toBe(50);
  });
});

describe('the form that attaches a role', () => {
  it('asks for a kind, a name and a namespace', () => {
    const form = new URLSearchParams({ kind: 'ClusterRole', role: ' edit ', namespace: 'acme' });
    const wanted = { kind: 'ClusterRole', name: 'edit', namespace: 'acme' } as const;
    expect(wantedRoleIn(form)).toEqual(wanted);
    expect(specFor('acme', 'Engineering', wanted)).toEqual({
      tenant: 'acme',
      group: { displayName: 'Engineering' },
      roleRef: { kind: 'ClusterRole', name: 'edit' },
    });
  });

  it.each(['', 'Secret', 'clusterrole'])('is refused with the kind %j', (kind) => {
    expect(wantedRoleIn(new URLSearchParams({ kind, role: 'edit' }))).toBeUndefined();
  });

  it.each(['', '.', '..', 'a/b', 'a%2fb', 'a\nb', 'x'.repeat(254)])(
    'is refused with the name %j',
    (name) => {
      expect(roleNameFault(name)).toMatch(/\.$/);
    },
  );

  it.each(['edit', 'system:aggregate-to-view', 'a..b', 'Ünïcode'])(
    'may name the role %j',
    (name) => {
      expect(roleNameFault(name)).toBeUndefined();
    },
  );
});
