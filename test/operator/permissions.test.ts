import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../src/kube/objects.ts';
import { LEASES } from '../../src/kube/resource.ts';
import { ELECTION_RULES, LEASE_NAME, OPERATOR_RULES } from '../../src/operator/rbac.ts';
import { captureLog, type LogLine } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_MANAGER } from '../support/kube/cluster.ts';
import { operatorFixture, TestIntegration } from '../support/operator/fixture.ts';
import { createTenant, deleteTenant, integrationIn } from '../support/operator/tenants.ts';

/** The rules without one verb on one resource. */
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
  it('still provides a working token if only the RBAC objects fail', async () => {
    const fixture = await operatorFixture(without('serviceaccounts', 'create'));
    try {
      fixture.start();
      const integration = await TestIntegration.create(fixture);
      await integration.settled('False', 'PermissionDenied');
      expect(await integration.condition('TokenReady')).toMatchObject({ status: 'True' });
      expect(await integration.authenticate(await integration.token())).toBeDefined();
    } finally {
      await fixture.close();
    }
  });

  it.each(['get', 'create', 'patch'])(
    'does not lead without %s on leases, and logs the reason',
    async (verb) => {
      const fixture = await operatorFixture(undefined, without('leases', verb, ELECTION_RULES));
      try {
        // `patch` is needed only if a previous leader has left its Lease.
        const lease = { namespace: fixture.namespace, name: LEASE_NAME };
        if (verb === 'patch') await fixture.admin.create(LEASES, { metadata: lease }, TEST_MANAGER);
        const { log, lines } = captureLog();
        const operator = fixture.start({ log, election: electionIn(fixture.namespace) });
        const line = await eventually(() => {
          const found = lines.find(({ msg }) => msg.startsWith('Lease may not be used'));
          expect(found).toBeDefined();
          return found;
        });
        expect(line?.reason).toMatch(/403 .*leases/);
        expect(operator.stuck()).toBeUndefined();
        expect(lines.map(({ msg }) => msg)).not.toContain('lead was taken');
      } finally {
        await fixture.close();
      }
    },
  );

  it('leads with the shipped rules for the Lease', async () => {
    const fixture = await operatorFixture();
    try {
      const { log, lines } = captureLog();
      fixture.start({ log, election: electionIn(fixture.namespace) });
      await (await TestIntegration.create(fixture)).settled('True');
      expect(lines.map(({ msg }) => msg)).toContain('lead was taken');
    } finally {
      await fixture.close();
    }
  });
});

describe('without the permission to', () => {
  const refusals = (lines: readonly LogLine[]) =>
    lines.filter(({ resource }) => resource === 'scimtenants');

  it('list ScimTenants, an operator allows only the tenants of the namespaces, with a single warning', async () => {
    const fixture = await operatorFixture(without('scimtenants', 'list'));
    try {
      const { log, lines } = captureLog();
      fixture.start({ log });
      const own = await TestIntegration.create(fixture);
      const tenant = await createTenant(fixture.admin, { selector: {} });
      const other = await integrationIn(fixture, tenant);
      await own.settled('True', 'Succeeded');
      await other.settled('False', 'TenantNotAllowed');
      await fixture.store.integrations.govern(own.namespace);
      await own.patch({ spec: { displayName: 'seen again' } });
      await own.settled('False', 'TenantNotAllowed');
      expect(refusals(lines)).toMatchObject([
        { level: 'warn', msg: expect.stringMatching(/^ScimTenants could not be read, so each/) },
      ]);
    } finally {
      await fixture.close();
    }
  });

  it('get a ScimTenant, an operator grants nothing, and names the permission', async () => {
    const fixture = await operatorFixture(without('scimtenants', 'get'));
    try {
      fixture.start();
      const integration = await TestIntegration.create(fixture);
      await integration.settled('False', 'PermissionDenied');
      expect((await integration.condition('Ready'))?.message).toMatch(/scimtenants/);
      await expect(integration.secret()).rejects.toThrow(/404/);
    } finally {
      await fixture.close();
    }
  });

  it('patch the status of ScimTenants, an operator still enforces them', async () => {
    const fixture = await operatorFixture(without('scimtenants/status', 'patch'));
    try {
      fixture.start();
      const tenant = await createTenant(fixture.admin, { selector: {} });
      const integration = await integrationIn(fixture, tenant);
      await integration.settled('True', 'Succeeded');
      await deleteTenant(fixture.admin, tenant);
      await integration.settled('False', 'TenantNotAllowed');
    } finally {
      await fixture.close();
    }
  });

  it('list namespaces, an operator reads each of them, with a single warning', async () => {
    const fixture = await operatorFixture(without('namespaces', 'list'));
    try {
      const { log, lines } = captureLog();
      fixture.start({ log });
      const tenant = await createTenant(fixture.admin, {
        selector: { matchLabels: { team: 'a' } },
      });
      const chosen = await integrationIn(fixture, tenant, { team: 'a' });
      const other = await integrationIn(fixture, tenant);
      await chosen.settled('True', 'Succeeded');
      await other.settled('False', 'TenantNotAllowed');
      expect(lines.filter(({ resource }) => resource === 'namespaces')).toMatchObject([
        { level: 'warn', msg: expect.stringMatching(/^namespaces could not be listed/) },
      ]);
    } finally {
      await fixture.close();
    }
  });

  it('read the CRD, an operator keeps a deleted integration working, and logs the reason', async () => {
    const fixture = await operatorFixture(without('customresourcedefinitions', 'get'));
    try {
      const { log, lines } = captureLog();
      fixture.start({ log });
      const integration = await TestIntegration.create(fixture);
      await integration.settled('True');
      const token = await integration.token();
      await integration.delete();
      await eventually(() =>
        expect(JSON.stringify(lines)).toMatch(/403 .*customresourcedefinitions/),
      );
      expect(await integration.authenticate(token)).toBeDefined();
    } finally {
      await fixture.close();
    }
  });
});
