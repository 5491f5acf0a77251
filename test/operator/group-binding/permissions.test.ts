/** An operator that follows groups without one of the permissions that this requires. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../src/kube/objects.ts';
import { captureLog } from '../../support/captured-log.ts';
import { eventually } from '../../support/eventually.ts';
import {
  IntegrationProbe,
  type OperatorFixture,
  operatorFixture,
} from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  BindingProbe,
  FOLLOWING,
  People,
  STAFF,
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
  const probe = await BindingProbe.create(fixture.admin);
  const people = new People(fixture.store, probe.namespace);
  await people.add('ann');
  const group = await people.group(STAFF, ['ann']);
  return { probe, people, group, lines };
}

describe('without the permission to', () => {
  it.each([
    ['bind', 'roles', /may not bind Role reader/],
    ['create', 'rolebindings', /rolebindings/],
    ['get', 'scimgroupbindings', /scimgroupbindings/],
  ])('%s %s, an operator reports that in the status', async (verb, resource, message) => {
    const { probe } = await started(resource, verb);
    await probe.settled('False', 'PermissionDenied');
    expect((await probe.condition('Ready'))?.message).toMatch(message);
    expect(await probe.roleBindings()).toEqual([]);
  });

  it('delete RoleBindings, an operator reports that when the last member leaves', async () => {
    const { probe, people, group } = await started('rolebindings', 'delete');
    await probe.binds('scim:ann');
    await people.leave(group, 'ann');
    await probe.settled('False', 'PermissionDenied');
    expect((await probe.condition('Ready'))?.message).toMatch(
      /cannot delete resource "rolebindings"/,
    );
  });

  it('patch the status of ScimGroupBindings, an operator still follows them', async () => {
    const { probe, people, group } = await started('scimgroupbindings/status', 'patch');
    await probe.binds('scim:ann');
    await people.leave(group, 'ann');
    await probe.binds();
  });

  it.each([['list', 'validatingadmissionpolicies']])(
    '%s %s, an operator reports an unknown admission policy and still binds',
    async (verb, resource) => {
      const { probe } = await started(resource, verb);
      await probe.binds('scim:ann');
      await probe.settled('True', 'Succeeded');
      expect(await probe.condition('Unguarded')).toMatchObject({
        status: 'Unknown',
        reason: 'AdmissionPolicyUnknown',
        message: expect.stringMatching(/give its ClusterRole get, list and watch on both$/),
      });
    },
  );

  it('list ScimGroupBindings, an operator follows none, with a single warning, and does the rest', async () => {
    const { probe, lines } = await started('scimgroupbindings', 'list');
    await (await IntegrationProbe.create(fixture)).settled('True', 'Succeeded');
    expect(await probe.roleBindings()).toEqual([]);
    await eventually(() =>
      expect(lines.filter(({ resource }) => resource === 'scimgroupbindings')).toMatchObject([
        { level: 'warn', msg: expect.stringMatching(/^ScimGroupBindings could not be read/) },
      ]),
    );
  });
});
