import { describe, expect, it } from 'vitest';
import { LEASES } from '../../src/kube/resource.ts';
import {
  ELECTION_RULES,
  LEASE_NAME,
  OPERATOR_RULES,
  type PolicyRule,
} from '../../src/operator/rbac.ts';
import { captureLog } from '../support/captured-log.ts';
import { TEST_MANAGER } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { IntegrationProbe, operatorFixture } from '../support/operator.ts';

/** The operator's rules without one verb on one resource. */
function without(
  resource: string,
  verb: string,
  rules: readonly PolicyRule[] = OPERATOR_RULES,
): readonly PolicyRule[] {
  return rules
    .map((rule) =>
      rule.resources.includes(resource)
        ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) }
        : rule,
    )
    .filter(({ verbs }) => verbs.length > 0);
}

const electionIn = (namespace: string) => ({
  namespace,
  identity: undefined,
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 500,
  campaignsAgain: true,
});

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

  it.each(['get', 'create', 'patch'])('does not lead, and says why: leases %s', async (verb) => {
    const fixture = await operatorFixture(undefined, without('leases', verb, ELECTION_RULES));
    try {
      // With `patch` alone missing the Lease of somebody who left is there.
      const lease = { namespace: fixture.namespace, name: LEASE_NAME };
      if (verb === 'patch') await fixture.admin.create(LEASES, { metadata: lease }, TEST_MANAGER);
      const { log, lines } = captureLog();
      const operator = fixture.start({ log, election: electionIn(fixture.namespace) });
      const line = await eventually(() => {
        const found = lines.find(({ msg }) => msg.startsWith('Lease was not reached'));
        expect(found).toBeDefined();
        return found;
      });
      expect(line?.reason).toMatch(/403 .*leases/);
      expect(operator.stuck()).toBeUndefined();
      expect(lines.map(({ msg }) => msg)).not.toContain('lead was taken');
    } finally {
      await fixture.close();
    }
  });

  it('leads with the rules for the Lease that ship', async () => {
    const fixture = await operatorFixture();
    try {
      const { log, lines } = captureLog();
      fixture.start({ log, election: electionIn(fixture.namespace) });
      await (await IntegrationProbe.create(fixture)).settled('True');
      expect(lines.map(({ msg }) => msg)).toContain('lead was taken');
    } finally {
      await fixture.close();
    }
  });
});
