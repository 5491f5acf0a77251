import { describe, expect, it } from 'vitest';
import { groupBindingPolicy } from '../../../src/crd/group-binding-policy.ts';
import type { AdmissionPolicy, AdmissionPolicyBinding } from '../../../src/kube/objects.ts';
import { ObjectStore } from '../../../src/kube/store.ts';
import {
  admissionPolicyIn,
  checkAdmissionPolicy,
} from '../../../src/operator/group-binding/admission-policy.ts';

const [POLICY, BINDING] = groupBindingPolicy();
const NAME = POLICY.metadata.name;
const { matchConstraints } = POLICY.spec;
const [RULE] = matchConstraints.resourceRules;

const policy = (spec: object = {}, metadata: object = {}): AdmissionPolicy => ({
  metadata: { name: NAME, ...metadata },
  spec: { ...POLICY.spec, ...spec },
});
const bound = (spec: object = {}, metadata: object = {}): AdmissionPolicyBinding => ({
  metadata: { name: NAME, ...metadata },
  spec: { ...BINDING.spec, ...spec },
});
const matching = (change: object) =>
  policy({ matchConstraints: { ...matchConstraints, ...change } });
const ruled = (change: object) => matching({ resourceRules: [{ ...RULE, ...change }] });
const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const ACME = { matchLabels: { 'kubernetes.io/metadata.name': 'acme' } };

describe('the admission policy of ScimGroupBindings', () => {
  it.each<[string, readonly AdmissionPolicy[], readonly AdmissionPolicyBinding[]]>([
    ['as it ships', [policy()], [bound()]],
    [
      'with the defaults that the API server fills in',
      [
        policy({
          matchConstraints: {
            ...matchConstraints,
            namespaceSelector: {},
            objectSelector: {},
            resourceRules: [{ ...RULE, scope: '*' }],
          },
        }),
      ],
      [bound({ matchResources: { namespaceSelector: {}, objectSelector: {} } })],
    ],
    [
      'under another name',
      [policy({}, { name: 'acme-bindings' })],
      [bound({ policyName: 'acme-bindings' })],
    ],
    ['for every resource', [ruled({ apiGroups: ['*'], resources: ['*'] })], [bound()]],
    [
      'in two rules',
      [
        matching({
          resourceRules: [
            { ...RULE, operations: ['CREATE'] },
            { ...RULE, operations: ['UPDATE', 'DELETE'] },
          ],
        }),
      ],
      [bound()],
    ],
    [
      'with another validation and another action',
      [policy({ validations: [...POLICY.spec.validations, { expression: 'true' }] })],
      [bound({ validationActions: ['Deny', 'Audit'] })],
    ],
    [
      'with one of several bindings in force',
      [policy()],
      [bound({ validationActions: ['Warn'] }, { name: 'other' }), bound()],
    ],
  ])('is enforced %s', (_, policies, bindings) => {
    expect(checkAdmissionPolicy(policies, bindings).state).toBe('enforced');
  });

  it.each<[string, readonly AdmissionPolicy[], readonly AdmissionPolicyBinding[], RegExp]>([
    ['that does not exist', [], [bound()], /^There is no ValidatingAdmissionPolicy/],
    ['that is being deleted', [policy({}, DELETED)], [bound()], /is being deleted/],
    [
      'that is ignored on failure',
      [policy({ failurePolicy: 'Ignore' })],
      [bound()],
      /failurePolicy Ignore/,
    ],
    [
      'that validates something else',
      [policy({ validations: [{ expression: 'true' }] })],
      [bound()],
      /does not require the verb bind/,
    ],
    [
      'that covers only creation',
      [ruled({ operations: ['CREATE'] })],
      [bound()],
      /does not match every/,
    ],
    [
      'that covers other resources',
      [ruled({ resources: ['pods'] })],
      [bound()],
      /does not match every/,
    ],
    [
      'that covers other names',
      [ruled({ resourceNames: ['x'] })],
      [bound()],
      /does not match every/,
    ],
    [
      'that covers another version',
      [ruled({ apiVersions: ['v9'] })],
      [bound()],
      /does not match every/,
    ],
    [
      'that covers some namespaces',
      [matching({ namespaceSelector: ACME })],
      [bound()],
      /not match every/,
    ],
    [
      'that covers some objects',
      [matching({ objectSelector: ACME })],
      [bound()],
      /does not match every/,
    ],
    [
      'that has exceptions',
      [matching({ excludeResourceRules: [RULE] })],
      [bound()],
      /does not match every/,
    ],
    [
      'that has conditions',
      [policy({ matchConditions: [{ name: 'x', expression: 'false' }] })],
      [bound()],
      /does not match every/,
    ],
    ['that has no binding', [policy()], [], /No ValidatingAdmissionPolicyBinding puts/],
    [
      'that has a binding of another policy',
      [policy()],
      [bound({ policyName: 'x' })],
      /No Validating/,
    ],
    ['that has a binding that is being deleted', [policy()], [bound({}, DELETED)], /No Validating/],
    [
      'that only warns',
      [policy()],
      [bound({ validationActions: ['Warn', 'Audit'] })],
      /in force everywhere with the action Deny/,
    ],
    [
      'that is in force in some namespaces',
      [policy()],
      [bound({ matchResources: { namespaceSelector: ACME } })],
      /in force everywhere/,
    ],
  ])('counts as missing if it is one %s', (_, policies, bindings, message) => {
    const verdict = checkAdmissionPolicy(policies, bindings);
    expect(verdict.state).toBe('missing');
    expect(verdict.message).toMatch(message);
    expect(verdict.message).toMatch(/apply policies\/$/);
  });

  it('is unknown if it may not be read', () => {
    const caches = {
      policies: new ObjectStore<AdmissionPolicy>(),
      policyBindings: new ObjectStore<AdmissionPolicyBinding>(),
    };
    expect(admissionPolicyIn({ caches, mayReadPolicies: () => false })).toMatchObject({
      state: 'unknown',
    });
  });
});
