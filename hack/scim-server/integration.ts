/** Records an integration in the directory as the operator would do, without a cluster. */
import { newIntegrationId } from '../../src/directory/ids.ts';
import type { IntegrationRecord } from '../../src/directory/store/integrations.ts';
import type { Store } from '../../src/directory/store/store.ts';
import { generateToken, hashToken, keyIdOf } from '../../src/directory/tokens.ts';

export interface RecordedIntegration {
  readonly record: IntegrationRecord;
  readonly token: string;
  /** The path of the endpoint. */
  readonly path: string;
}

export async function recordIntegration(
  store: Store,
  changes: Partial<IntegrationRecord> = {},
): Promise<RecordedIntegration> {
  const id = newIntegrationId();
  const record: IntegrationRecord = {
    id,
    tenant: 'acme',
    clusterUid: 'cluster',
    namespace: 'acme',
    name: id,
    uid: id,
    namespaceUid: 'namespace',
    enabled: true,
    allowed: true,
    deletionPolicy: 'Retain',
    endedAt: undefined,
    ...changes,
  };
  await store.integrations.put(record);
  const token = generateToken();
  await store.tokens.add({
    integrationId: record.id,
    keyId: keyIdOf(token),
    hash: hashToken(token),
    issuedAt: 0,
    expiresAt: undefined,
    pending: false,
  });
  return { record, token, path: `/api/v1/${record.tenant}/integrations/${record.id}/scim/v2` };
}
