import { describe, expect, it } from 'vitest';
import { OPERATOR_RULES, type PolicyRule } from '../../src/operator/rbac.ts';
import { eventually } from '../support/eventually.ts';
import { IntegrationProbe, operatorFixture } from '../support/operator.ts';

/** The operator's rules without one verb on one resource. */
function without(resource: string, verb: string): readonly PolicyRule[] {
  return OPERATOR_RULES.map((rule) =>
    rule.resources.includes(resource)
      ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) }
      : rule,
  );
}

describe('an operator whose role lacks a permission', () => {
  it.each([
    ['secrets', 'create'],
    ['secrets', 'get'],
    ['secrets', 'patch'],
    ['serviceaccounts', 'create'],
    ['roles', 'create'],
    ['rolebindings', 'create'],
    ['users', 'update'],
  ])('says so in the status: %s %s', async (resource, verb) => {
    const fixture = await operatorFixture(without(resource, verb));
    try {
      fixture.start();
      const probe = await IntegrationProbe.create(fixture);
      const ready = await eventually(async () => {
        const condition = await probe.condition('Ready');
        expect(condition).toMatchObject({ status: 'False', reason: 'PermissionDenied' });
        return condition;
      });
      expect(ready?.message).toMatch(
        resource === 'users' ? /directory\.scim-operator\.dev/ : new RegExp(resource),
      );
    } finally {
      await fixture.close();
    }
  });

  it('serves the integration all the same when only its RBAC objects fail', async () => {
    const fixture = await operatorFixture(without('serviceaccounts', 'create'));
    try {
      fixture.start();
      const probe = await IntegrationProbe.create(fixture);
      await probe.settled('False', 'PermissionDenied');
      expect(await probe.condition('TokenReady')).toMatchObject({ status: 'True' });
      expect(await probe.authenticate(await probe.token())).toBeDefined();
    } finally {
      await fixture.close();
    }
  });
});
