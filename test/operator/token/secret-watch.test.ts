/** The operator watches and reads only Secrets that it created and those that users let it use. */
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../../hack/control-plane/fault-proxy.ts';
import { LABEL_TOKEN } from '../../../src/crd/names.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection } from '../../../src/kube/connection.ts';
import { createKubeMetrics } from '../../../src/kube/metrics.ts';
import { type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import { createLogger } from '../../../src/logger.ts';
import { labelsFor } from '../../../src/operator/ownership.ts';
import { createReflectors } from '../../../src/operator/reflectors.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';

const fixture = useOperator();
let proxy: FaultProxy;
let connection: Connection;
beforeAll(async () => {
  proxy = await startFaultProxy(fixture.kubeconfig);
  connection = new Connection(proxy.config);
});
afterAll(async () => {
  await connection.close();
  await proxy.close();
});

const TOKEN = { [LABEL_TOKEN]: 'true' };
const secretIn = (namespace: string, name: string, labels: Record<string, string> = {}) =>
  fixture.admin.create(
    SECRETS,
    { metadata: { namespace, name, labels }, data: { token: 'c2VjcmV0' } } as KubeObject,
    TEST_MANAGER,
  );

describe('the watches of Secrets', () => {
  it.each([
    ['in all namespaces', () => ({})],
    ['in one namespace', (namespace: string) => ({ namespaces: [namespace] })],
  ])('never return another Secret, nor the data of any: %s', async (_, watched) => {
    const namespace = await createNamespace(fixture.admin, 'secrets');
    const stop = new AbortController();
    const metrics = createKubeMetrics(new Registry());
    const log = createLogger('silent');
    const { secrets, existingSecrets } = createReflectors(new Client(connection), log, metrics, {
      followsGroups: false,
      ...watched(namespace),
    });
    const names = () =>
      [secrets, existingSecrets].map(({ store }) =>
        store.list(namespace).map(({ metadata }) => metadata.name),
      );
    await secretIn(namespace, 'other');
    await secretIn(namespace, 'made', labelsFor('idp'));
    const running = [secrets, existingSecrets].map((reflector) => reflector.run(stop.signal));
    try {
      await Promise.all([secrets.synced, existingSecrets.synced]);
      expect(names()).toEqual([['made'], []]);
      await secretIn(namespace, 'another');
      await secretIn(namespace, 'not-yet', { [LABEL_TOKEN]: 'false' });
      await secretIn(namespace, 'kept', TOKEN);
      await secretIn(namespace, 'made-later', labelsFor('idp'));
      // Secrets that were created before these would have arrived by now.
      await eventually(() => expect(names()).toEqual([['made', 'made-later'], ['kept']]));
      for (const { store } of [secrets, existingSecrets])
        for (const secret of store.list(namespace)) expect(secret).not.toHaveProperty('data');
      const key = { namespace, name: 'kept' };
      const unlabelled = { metadata: { labels: { [LABEL_TOKEN]: null } } };
      await fixture.admin.mergePatch(SECRETS, key, unlabelled, { fieldManager: TEST_MANAGER });
      await eventually(() => expect(names()[1]).toEqual([]));
    } finally {
      stop.abort();
      await Promise.all(running);
    }
  });
});

describe('an operator', () => {
  it('reads Secrets only by these labels or by the name that an integration specifies', async () => {
    const from = proxy.requests.length;
    const operator = fixture.start({ connection: new Connection(proxy.config) });
    const integration = await TestIntegration.create(fixture);
    const { namespace } = integration;
    await secretIn(namespace, 'other');
    await integration.settled('True');
    await integration.delete();
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
    await operator.stop();
    const reads = proxy.requests
      .slice(from)
      .map((call) => decodeURIComponent(call))
      .filter((call) => /^GET [^?]*\/secrets\b/.test(call));
    const lists = reads.filter((call) => /\/secrets(\?|$)/.test(call));
    const allowed =
      /[?&]labelSelector=(app\.kubernetes\.io\/managed-by=scim-operator|scim-operator\.dev\/token=true)/;
    expect(lists.length).toBeGreaterThan(0);
    expect(lists.filter((call) => !allowed.test(call))).toEqual([]);
    const here = reads.filter((call) => call.includes(`/namespaces/${namespace}/secrets/`));
    expect(new Set(here)).toEqual(
      new Set([`GET /api/v1/namespaces/${namespace}/secrets/${integration.name}-scim-token`]),
    );
  });
});
