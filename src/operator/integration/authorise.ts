/**
 * Writes the integration's rights to the directory before anything else, because switching off must
 * work even if everything after it fails.
 */

import { isDeepStrictEqual } from 'node:util';
import { deletionPolicyOf, isEnabled, secretNameOf, tenantOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { EVENT, REASON } from '../../crd/reasons.ts';
import { checkTenancy, isGoverned, type TenancyInput } from '../../crd/tenancy.ts';
import { newIntegrationId } from '../../directory/ids.ts';
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import { getIfExists } from '../../kube/client.ts';
import type { Secret } from '../../kube/objects.ts';
import { SECRETS } from '../../kube/resource.ts';
import { type OperatorContext, ownerOf } from '../context.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing } from '../ownership.ts';
import { gatherTenancy } from '../tenant/gather.ts';
import { checkId, knownId } from './identity.ts';

interface Authorisation {
  /**
   * The current record, with `allowed` false if the right was lost; undefined for an integration
   * that never had one.
   */
  readonly record: IntegrationRecord | undefined;
  readonly stalled: Obstacle | undefined;
}

export async function authorise(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<Authorisation> {
  const { store } = context;
  const found = await store.integrations.find(ownerOf(context, integration.metadata));
  const known = await switchOff(context, integration, found);
  const tenancy = await gatherTenancy(context, integration, known);
  const { tenant, namespace } = tenancy;
  const record = await endIfOfAnother(context, integration, known, tenancy);
  // Before any right, so that nobody gets the tenant when the ScimTenant is gone.
  if (isGoverned(tenancy) && !tenancy.history.governed) await store.integrations.govern(tenant);
  const forbidden = tenancy.forbidden ?? (await claimTenant(context, tenancy));
  if (forbidden !== undefined) {
    // The token and the data are kept in case the right is restored.
    const shut = record && { ...record, enabled: isEnabled(integration), allowed: false };
    if (shut) await write(context, integration, shut, record);
    return { record: shut, stalled: forbidden };
  }
  const id = await idOf(context, integration, record);
  const conflict = checkId(integration, id, await store.integrations.get(id), record);
  if (conflict !== undefined && record === undefined)
    return { record: undefined, stalled: conflict };
  const next: IntegrationRecord = {
    id: record?.id ?? id,
    ...ownerOf(context, integration.metadata),
    tenant,
    uid: integration.metadata.uid,
    namespaceUid: namespace.uid,
    enabled: isEnabled(integration),
    allowed: true,
    deletionPolicy: deletionPolicyOf(integration),
    endedAt: undefined,
  };
  const written = await write(context, integration, next, record);
  return written ? { record: next, stalled: conflict } : { record: undefined, stalled: taken(id) };
}

/** Also before any right: if two clusters start using a tenant at the same time, one gets it. */
async function claimTenant(
  { store, clusterUid }: OperatorContext,
  tenancy: TenancyInput,
): Promise<Obstacle | undefined> {
  if (isGoverned(tenancy) || tenancy.history.ownerUid !== undefined) return undefined;
  const owner = { clusterUid, namespaceUid: tenancy.namespace.uid };
  const history = await store.integrations.claim(tenancy.tenant, owner);
  return checkTenancy({ ...tenancy, history });
}

/** Depends on nothing else, so that nothing else can prevent it. */
async function switchOff(
  context: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<IntegrationRecord | undefined> {
  if (record === undefined || !record.enabled || isEnabled(integration)) return record;
  const off = { ...record, enabled: false };
  await write(context, integration, off, record);
  return off;
}

const taken = (id: string): Obstacle => ({
  reason: REASON.IntegrationIdConflict,
  message: `The id ${id} belongs to another integration; remove spec.integrationId or choose another`,
});

/**
 * Ends the record of another integration of this name. That one was deleted with its namespace, or
 * was recreated for another tenant or with another id, before the operator noticed. Neither may get
 * the other's id.
 */
async function endIfOfAnother(
  context: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
  { tenant, namespace }: TenancyInput,
): Promise<IntegrationRecord | undefined> {
  if (record === undefined) return undefined;
  const isOwn = record.namespaceUid === namespace.uid && record.tenant === tenant;
  if (isOwn && !(await hasAnotherId(context, integration, record))) return record;
  await context.store.integrations.end(record.id, context.now().getTime());
  return undefined;
}

/**
 * A directory restored from an old copy may know only an earlier integration. The id of this one is
 * then in its spec, its status or its Secret.
 */
async function hasAnotherId(
  context: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord,
): Promise<boolean> {
  if (record.uid === integration.metadata.uid) return false;
  const id = knownId(integration, undefined, await secretOf(context, integration));
  if (id === undefined || id === record.id) return false;
  return !checkId(integration, id, await context.store.integrations.get(id), undefined);
}

async function idOf(
  context: OperatorContext,
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
): Promise<string> {
  if (record !== undefined) return record.id;
  const id = knownId(integration, record, await secretOf(context, integration));
  if (id === undefined) return newIntegrationId();
  const isPinned = id === integration.spec?.integrationId;
  const holder = isPinned ? undefined : await context.store.integrations.get(id);
  return isOfFormerTenant(context, integration, holder) ? newIntegrationId() : id;
}

async function secretOf(
  { client }: OperatorContext,
  integration: KubeIntegration,
): Promise<Secret | undefined> {
  const key = { namespace: integration.metadata.namespace, name: secretNameOf(integration) };
  const secret = await getIfExists<Secret>(client, SECRETS, key);
  return secret !== undefined && isGoing(secret) ? undefined : secret;
}

/**
 * Whether the id comes from the Secret of the previous integration of this name, in another tenant.
 * Such an id belongs to no other integration, but not to this one either.
 */
function isOfFormerTenant(
  context: OperatorContext,
  integration: KubeIntegration,
  holder: IntegrationRecord | undefined,
): boolean {
  if (holder?.endedAt === undefined || holder.tenant === tenantOf(integration)) return false;
  const owner = ownerOf(context, integration.metadata);
  return Object.entries(owner).every(
    ([field, value]) => value === holder[field as keyof typeof owner],
  );
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
        : 'Every request is refused from now on; the token, endpoint and data are kept',
    });
  }
  return true;
}
