import { describe, expect, it } from 'vitest';
import { ROLE_BINDINGS, ROLES, SECRETS, SERVICE_ACCOUNTS } from '../../../src/kube/resource.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';

const fixture = useOperator();

async function reconcile({ namespace }: IntegrationProbe): Promise<readonly string[]> {
  const life = new Lifetime();
  await runProcess(fixture, namespace, life);
  return life.writes;
}

const pause = (probe: IntegrationProbe, value: string | null) =>
  probe.patch({ metadata: { annotations: { 'scim-operator.dev/reconcile': value } } });

async function paused(): Promise<IntegrationProbe> {
  const probe = await IntegrationProbe.create(fixture);
  await reconcile(probe);
  await pause(probe, 'disabled');
  return probe;
}

describe('while reconciling is paused,', () => {
  it('drift stays, and is corrected afterwards', async () => {
    const probe = await paused();
    const { namespace } = probe;
    for (const [resource, name] of [
      [SERVICE_ACCOUNTS, 'scim-idp'],
      [ROLE_BINDINGS, 'scim-idp'],
      [ROLES, 'SCIMProvisioner'],
    ] as const) {
      await fixture.admin.delete(resource, { namespace, name });
    }
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace, name: 'idp-scim-token' },
      { data: { endpoint: 'bWluZQ==' } },
      { fieldManager: TEST_MANAGER },
    );
    expect(await reconcile(probe)).toEqual(['patch ScimIntegration status']);
    expect(await reconcile(probe)).toEqual([]);

    await pause(probe, null);
    expect(await reconcile(probe)).toEqual(
      expect.arrayContaining([
        'apply Secret',
        'apply ServiceAccount',
        'apply Role',
        'apply RoleBinding',
      ]),
    );
    expect(await reconcile(probe)).toEqual([]);
  });

  it('an integration can be disabled and enabled', async () => {
    const probe = await paused();
    const owner = { clusterUid: CLUSTER_UID, namespace: probe.namespace, name: probe.name };
    const isOn = async () => (await fixture.store.integrations.find(owner))?.enabled;
    for (const enabled of [false, true]) {
      await probe.patch({ spec: { enabled } });
      await reconcile(probe);
      expect(await isOn()).toBe(enabled);
    }
  });

  it('the token stays in its Secret although the spec names another, and the status says so', async () => {
    const probe = await paused();
    const token = await probe.token();
    await probe.patch({ spec: { token: { secretName: 'moved' } } });
    await reconcile(probe);
    expect((await probe.get()).status?.tokenSecretRef?.name).toBe('idp-scim-token');
    expect(await probe.token()).toBe(token);
    await pause(probe, null);
    await reconcile(probe);
    expect((await probe.get()).status?.tokenSecretRef?.name).toBe('moved');
    expect(await probe.token('moved')).toBe(token);
  });

  it('deleting an integration still revokes its token', async () => {
    const probe = await paused();
    const { integrationId = '' } = (await probe.get()).status ?? {};
    expect(await fixture.store.tokens.list(integrationId)).toHaveLength(1);
    await probe.delete();
    await reconcile(probe);
    expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });
});
