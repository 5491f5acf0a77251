import { describe, expect, it } from 'vitest';
import { generateToken } from '../../../src/directory/tokens.ts';
import { isAsDesired } from '../../../src/kube/drift.ts';
import {
  buildRole,
  buildRoleBinding,
  buildServiceAccount,
  endpointOf,
} from '../../../src/operator/integration/objects.ts';
import {
  groupBindingRules,
  OPERATOR_RULES,
  SCIM_PROVISIONER_RULES,
} from '../../../src/operator/rbac.ts';
import { buildSecretFrame, buildTokenSecret } from '../../../src/operator/token/objects.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const tracked = { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'app:x' } } };
const integration = buildIntegration(tracked);
const other = buildIntegration({ metadata: { name: 'entra', uid: 'uid-2' } });

describe('every object created for an integration', () => {
  const children = [
    buildTokenSecret(integration, generateToken()),
    buildSecretFrame(integration, 'https://x', 'id'),
    buildServiceAccount(integration),
    buildRoleBinding(integration),
    buildRole('acme', [integration, other]),
  ];

  it('is in its namespace and has none of its annotations', () => {
    for (const { metadata } of children) {
      expect(metadata.namespace).toBe('acme');
      expect(JSON.stringify(metadata)).not.toContain('argocd');
    }
  });

  it('never blocks its deletion and never has a controller reference', () => {
    for (const { metadata } of children) {
      for (const owner of metadata.ownerReferences ?? []) {
        expect(Object.keys(owner).sort()).toEqual(['apiVersion', 'kind', 'name', 'uid']);
      }
    }
  });

  it('has an owner unless it is the Secret, so that a restored Secret is kept', () => {
    expect(buildSecretFrame(integration, 'https://x', 'id').metadata).not.toHaveProperty(
      'ownerReferences',
    );
  });

  it('is corrected without knowing the token', () => {
    expect(Object.keys(buildSecretFrame(integration, 'https://x', 'id').data ?? {})).toEqual([
      'endpoint',
      'integrationId',
    ]);
  });

  it('refers to an endpoint below the public URL', () => {
    expect(endpointOf('https://scim.example.com/base', 'acme', 'id')).toBe(
      'https://scim.example.com/base/api/v1/acme/integrations/id/scim/v2',
    );
  });
});

describe('the Role of a namespace', () => {
  it('is the same in any order of its owners', () => {
    expect(buildRole('acme', [integration, other])).toEqual(
      buildRole('acme', [other, integration]),
    );
  });

  it('has drifted if an owner is missing or a rule was added, but not if it has more owners', () => {
    const both = buildRole('acme', [integration, other]);
    const one = buildRole('acme', [integration]);
    expect(isAsDesired(both, one)).toBe(true);
    expect(isAsDesired(one, both)).toBe(false);
    const wider = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };
    expect(isAsDesired({ ...one, rules: [...(one.rules ?? []), wider] }, one)).toBe(false);
  });
});

describe("the operator's own permissions", () => {
  it("have no wildcards and don't allow escalation", () => {
    for (const rule of OPERATOR_RULES) {
      const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
      for (const word of words) expect(word).not.toMatch(/^\*|^(bind|escalate|impersonate)$/);
    }
  });

  it('allow binding roles only if groups are followed, and ClusterRoles only by name', () => {
    const ofClusterRoles = (names?: readonly string[]) =>
      groupBindingRules(names).filter(({ resources }) => resources.includes('clusterroles'));
    expect([ofClusterRoles(), ofClusterRoles([])]).toEqual([[], []]);
    expect(ofClusterRoles(['view', 'edit'])).toMatchObject([
      { verbs: ['bind'], resourceNames: ['view', 'edit'] },
    ]);
    for (const { apiGroups, resources, verbs } of groupBindingRules(['view'])) {
      for (const word of [...apiGroups, ...resources, ...verbs])
        expect(word).not.toMatch(/^\*|^(escalate|impersonate)$/);
    }
  });

  it("include those of SCIMProvisioner, which can't delete users", () => {
    expect(OPERATOR_RULES).toEqual(expect.arrayContaining([...SCIM_PROVISIONER_RULES]));
    const users = SCIM_PROVISIONER_RULES.find(({ resources }) => resources.includes('users'));
    expect(users?.verbs).toEqual(['create', 'get', 'list', 'update', 'patch']);
  });
});
