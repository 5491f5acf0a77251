/** The integration's rights in the directory, written before anything else: switching off must work even when all the rest fails. */

import { isDeepStrictEqual } from 'node:util';
import { deletionPolicyOf, isEnabled, secretNameOf, tenantOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { EVENT, REASON } from '../crd/names.ts';
import { newIntegrationId } from '../directory/ids.ts';
import type { IntegrationRecord } from '../directory/store.ts';
import { type KubeObject, NAMESPACES, SECRETS } from '../kube/resource.ts';
import { checkId, checkTenant, knownId, type Obstacle } from './checks.ts';
import { getIfExists, type OperatorContext, ownerOf } from './context.ts';
import type { Secret } from './objects.ts';

export interface Authorisation {
  /** The record as it now is; undefined for an integration that never had a right. */
  readonly record: IntegrationRecord | undefined;
  readonly stalled: Obstacle | undefined;
}

export async function authorise(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<Authorisation> {
  const { store, clusterUid } = context;
  const known = await store.integrations.find(ownerOf(context, integration.metadata));
  const namespaceUid = await namespaceUidOf(context, integration, known);
  const record = await endIfOfEarlierNamespace(context, known, namespaceUid);
  const usedBy = await store.integrations.tenantNamespaceUids(clusterUid, tenantOf(integration));
  const forbidden = checkTenant(integration, namespaceUid, usedBy);
  if (forbidden !== undefined) {
    // Token and data stay, should the right come back.
    const shut = record && { ...record, enabled: isEnabled(integration), allowed: false };
    if (shut) await write(context, integration, shut, record);
    return { record: undefined, stalled: forbidden };
  }
  const id = await idOf(context, integration, record);
  const conflict = checkId(integration, id, await store.integrations.get(id), record);
  if (conflict !== undefined && record === undefined)
    return { record: undefined, stalled: conflict };
  const next: IntegrationRecord = {
    id: record?.id ?? id,
    ...ownerOf(context, integration.metadata),
    tenant: tenantOf(integration),
    uid: integration.metadata.uid,
    namespaceUid,
    enabled: isEnabled(integration),
    allowed: true,
    deletionPolicy: deletionPolicyOf(integration),
    endedAt: undefined,
  };
  const written = await write(context, integration, next, record);
  return written ? { record: next, stalled: conflict } : { record: undefined, stalled: taken(id) };
}

const taken = (id: string): Obstacle => ({
  reason: REASON.IntegrationIdConflict,
  message: `the id ${id} belongs to another integration; remove spec.integrationId or choose another`,
});

/** An object never changes its namespace, so a record of the same object knows it. */
async function namespaceUidOf(
  { client }: OperatorContext,
  { metadata }: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<string> {
  if (record?.uid === metadata.uid) return record.namespaceUid;
  const namespace = await client.get<KubeObject>(NAMESPACES, { name: metadata.namespace });
  return namespace.metadata.uid ?? '';
}

/** An integration went with its namespace, though another of its name is here before that was noticed. */
async function endIfOfEarlierNamespace(
  { store, now }: OperatorContext,
  record: IntegrationRecord | undefined,
  namespaceUid: string,
): Promise<IntegrationRecord | undefined> {
  if (record === undefined || record.namespaceUid === namespaceUid) return record;
  await store.integrations.end(record.id, now().getTime());
  return undefined;
}

async function idOf(
  { client }: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<string> {
  if (record !== undefined) return record.id;
  const key = { namespace: integration.metadata.namespace, name: secretNameOf(integration) };
  const secret = await getIfExists<Secret>(client, SECRETS, key);
  return knownId(integration, record, secret) ?? newIntegrationId();
}

async function write(
  { store, events }: OperatorContext,
  integration: KubeIntegration,
  next: IntegrationRecord,
  before: IntegrationRecord | undefined,
): Promise<boolean> {
  if (isDeepStrictEqual(next, before)) return true;
  if (!(await store.integrations.put(next))) return false;
  if (before !== undefined && before.enabled !== next.enabled) {
    events.record(integration, {
      type: 'Normal',
      reason: next.enabled ? EVENT.IntegrationEnabled : EVENT.IntegrationDisabled,
      action: next.enabled ? 'Enable' : 'Disable',
      note: next.enabled
        ? 'Requests with the token are accepted again'
        : 'Every request is refused from now on; token, endpoint and data stay',
    });
  }
  return true;
}
