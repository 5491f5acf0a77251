import { expect, it } from 'vitest';
import { OPERATOR_RULES } from '../../src/operator/rbac.ts';
import { eventually } from '../support/eventually.ts';
import { IntegrationProbe, operatorFixture } from '../support/operator.ts';

it('an operator that may not make ServiceAccounts says PermissionDenied and names the resource', async () => {
  const rules = OPERATOR_RULES.filter(({ resources }) => !resources.includes('serviceaccounts'));
  const readOnly = {
    apiGroups: [''],
    resources: ['serviceaccounts'],
    verbs: ['get', 'list', 'watch'],
  };
  const fixture = await operatorFixture([...rules, readOnly]);
  try {
    fixture.start();
    const probe = await IntegrationProbe.create(fixture);
    await eventually(async () => {
      const condition = await probe.condition('RBACReady');
      expect(condition).toMatchObject({ status: 'False', reason: 'PermissionDenied' });
      expect(condition?.message).toMatch(/serviceaccounts/);
    });
    expect(await probe.authenticate(await probe.token())).toBeDefined();
  } finally {
    await fixture.close();
  }
});
