/** An operator that follows groups without one of the permissions that this requires. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../src/kube/objects.ts';
import { captureLog } from '../../support/captured-log.ts';
import { eventually } from '../../support/eventually.ts';
import {
  type OperatorFixture,
  operatorFixture,
  TestIntegration,
} from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  People,
  STAFF,
  TestGroupBinding,
} from '../../support/operator/group-bindings.ts';

let fixture: OperatorFixture;
afterEach(() => fixture.close());

function without(resource: string, verb: string): readonly PolicyRule[] {
  return BINDING_RULES.map((rule) =>
    rule.resources.includes(resource)
      ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) }
      : rule,
  ).filter(({ verbs }) => verbs.length > 0);
}

/** Starts the operator and puts Ann into the group. What follows is up to the test. */
async function started(resource: string, verb: string) {
  fixture = await operatorFixture(without(resource, verb));
  const { log, lines } = captureLog();
  fixture.start({ ...FOLLOWING, log });
  const binding = await TestGroupBinding.create(fixture.admin);
  const people = new People(fixture.store, binding.namespace);
  await people.add('ann');
  const group = await people.group(STAFF, ['ann']);
  return { binding, people, group, lines };
}

describe('without the permission to', () => {
  it.each([
    ['bind', 'roles', /may not bind Role reader/],
    ['create', 'rolebindings', /rolebindings/],
    ['get', 'scimgroupbindings', /scimgroupbindings/],
  ])('%s %s, an operator reports that in the status', async (verb, resource, message) => {
    const { binding } = await started(resource, verb);
    await binding.settled('False', 'PermissionDenied');
    expect((await binding.condition('Ready'))?.message).toMatch(message);
    expect(await binding.roleBindings()).toEqual([]);
  });

  it('delete RoleBindings, an operator reports that when the last member leaves', async () => {
    const { binding, people, group } = await started('rolebindings', 'delete');
    await binding.binds('scim:ann');
    await people.leave(group, 'ann');
    await binding.settled('False', 'PermissionDenied');
    expect((await binding.condition('Ready'))?.message).toMatch(
      /cannot delete resource "rolebindings"/,
    );
  });

  it('patch the status of ScimGroupBindings, an operator still follows them', async () => {
    const { binding, people, group } = await started('scimgroupbindings/status', 'patch');
    await binding.binds('scim:ann');
    await people.leave(group, 'ann');
    await binding.binds();
  });

  it.each([['list', 'validatingadmissionpolicies']])(
    '%s %s, an operator reports an unknown admission policy and still binds',
    async (verb, resource) => {
      const { binding } = await started(resource, verb);
      await binding.binds('scim:ann');
      await binding.settled('True', 'Succeeded');
      expect(await binding.condition('Unguarded')).toMatchObject({
        status: 'Unknown',
        reason: 'AdmissionPolicyUnknown',
        message: expect.stringMatching(/give its ClusterRole get, list and watch on both$/),
      });
    },
  );

  it('list ScimGroupBindings, an operator follows none, with a single warning, and does the rest', async () => {
    const { binding, lines } = await started('scimgroupbindings', 'list');
    await (await TestIntegration.create(fixture)).settled('True', 'Succeeded');
    expect(await binding.roleBindings()).toEqual([]);
    await eventually(() =>
      expect(lines.filter(({ resource }) => resource === 'scimgroupbindings')).toMatchObject([
        { level: 'warn', msg: expect.stringMatching(/^ScimGroupBindings could not be read/) },
      ]),
    );
  });
});
