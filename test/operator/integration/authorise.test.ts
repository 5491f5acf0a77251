import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { authorise } from '../../../src/operator/integration/authorise.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';
import { cutOff } from '../../support/operator/without-api-server.ts';

const fixture = useOperator();
let connection: Connection;
beforeAll(() => {
  connection = new Connection(loadKubeConfig(fixture.kubeconfig));
});
afterAll(() => connection.close());

describe('disabling an integration', () => {
  it("works even if the API server can't say whether its tenant is allowed", async () => {
    const integration = buildIntegration({ spec: { enabled: false } });
    const { namespace, name, uid } = integration.metadata;
    const record = {
      id: 'an_id_of_21_character',
      clusterUid: CLUSTER_UID,
      ...{ namespace, name, uid, tenant: namespace, namespaceUid: 'ns-1' },
      ...{ enabled: true, allowed: true, deletionPolicy: 'Retain' as const, endedAt: undefined },
    };
    await fixture.store.integrations.put(record);
    await expect(authorise(await cutOff(fixture.store, connection), integration)).rejects.toThrow(
      /dead/,
    );
    expect(await fixture.store.integrations.get(record.id)).toEqual({ ...record, enabled: false });
  });
});
