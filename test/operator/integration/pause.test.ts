import { describe, expect, it } from 'vitest';
import { ROLE_BINDINGS, ROLES, SECRETS, SERVICE_ACCOUNTS } from '../../../src/kube/resource.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';

const fixture = useOperator();

async function reconcile({ namespace }: TestIntegration): Promise<readonly string[]> {
  const life = new Lifetime();
  await runProcess(fixture, namespace, life);
  return life.writes;
}

const pause = (integration: TestIntegration, value: string | null) =>
  integration.patch({ metadata: { annotations: { 'scim-operator.dev/reconcile': value } } });

async function paused(): Promise<TestIntegration> {
  const integration = await TestIntegration.create(fixture);
  await reconcile(integration);
  await pause(integration, 'disabled');
  return integration;
}

describe('while reconciling is paused,', () => {
  it('drift stays, and is corrected afterwards', async () => {
    const integration = await paused();
    const { namespace } = integration;
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
    expect(await reconcile(integration)).toEqual(['patch ScimIntegration status']);
    expect(await reconcile(integration)).toEqual([]);

    await pause(integration, null);
    expect(await reconcile(integration)).toEqual(
      expect.arrayContaining([
        'apply Secret',
        'apply ServiceAccount',
        'apply Role',
        'apply RoleBinding',
      ]),
    );
    expect(await reconcile(integration)).toEqual([]);
  });

  it('an integration can be disabled and enabled', async () => {
    const integration = await paused();
    const owner = {
      clusterUid: CLUSTER_UID,
      namespace: integration.namespace,
      name: integration.name,
    };
    const isOn = async () => (await fixture.store.integrations.find(owner))?.enabled;
    for (const enabled of [false, true]) {
      await integration.patch({ spec: { enabled } });
      await reconcile(integration);
      expect(await isOn()).toBe(enabled);
    }
  });

  it('the token stays in its Secret although the spec names another, and the status says so', async () => {
    const integration = await paused();
    const token = await integration.token();
    await integration.patch({ spec: { token: { secretName: 'moved' } } });
    await reconcile(integration);
    expect((await integration.get()).status?.tokenSecretRef?.name).toBe('idp-scim-token');
    expect(await integration.token()).toBe(token);
    await pause(integration, null);
    await reconcile(integration);
    expect((await integration.get()).status?.tokenSecretRef?.name).toBe('moved');
    expect(await integration.token('moved')).toBe(token);
  });

  it('deleting an integration still revokes its token', async () => {
    const integration = await paused();
    const { integrationId = '' } = (await integration.get()).status ?? {};
    expect(await fixture.store.tokens.list(integrationId)).toHaveLength(1);
    await integration.delete();
    await reconcile(integration);
    expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });
});
