/** The end of integrations, without finalizers: deleting one never hangs, and nothing ends because a read failed. */
import type { KubeIntegration } from '../crd/integration-object.ts';
import { LABEL_INTEGRATION, SCIM_INTEGRATIONS } from '../crd/names.ts';
import type { IntegrationRecord } from '../directory/store.ts';
import type { Result } from '../kube/controller.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  type ObjectKey,
  SECRETS,
} from '../kube/resource.ts';
import type { Logger } from '../logger.ts';
import { uidOn } from './checks.ts';
import { getIfExists, type OperatorContext, ownerOf } from './context.ts';

/** The cache may be behind the deletion of the object, or ahead of its creation. */
const RECHECK_MS = 1_000;
const CRD_RECHECK_MS = 30_000;

/**
 * Ends the record of a custom resource that is gone or going: its tokens at once, then its Secret. `terminating` is the resource with a
 * deletionTimestamp, which counts as gone.
 */
export async function endIntegration(
  context: OperatorContext,
  key: ObjectKey,
  terminating: KubeIntegration | undefined,
  log: Logger,
): Promise<Result> {
  const record = await context.store.integrations.find(ownerOf(context, key));
  if (record === undefined) return {};
  const secrets = secretsOf(context, record);
  if (terminating === undefined) {
    if (await getIfExists(context.client, SCIM_INTEGRATIONS, key))
      return { requeueAfterMs: RECHECK_MS };
    const doubt = await doubtAboutDefinition(context, secrets);
    if (doubt !== undefined) {
      log.warn(
        { integrationId: record.id, doubt },
        'integration is kept although its resource is gone',
      );
      return { requeueAfterMs: CRD_RECHECK_MS };
    }
  }
  await context.store.integrations.end(record.id, context.now().getTime());
  await deleteSecrets(context, record, secrets);
  log.info({ integrationId: record.id, tenant: record.tenant }, 'integration was ended');
  return {};
}

function secretsOf({ caches }: OperatorContext, { namespace, name, uid }: IntegrationRecord) {
  return caches.secrets
    .list(namespace)
    .filter(
      (secret) => secret.metadata.labels?.[LABEL_INTEGRATION] === name && uidOn(secret) === uid,
    );
}

/**
 * Removing the CRD deletes every resource of it, which nobody means as the end of each integration. A Secret that is older than the
 * CRD was made under an earlier one, whose resources may still be on their way back.
 */
async function doubtAboutDefinition(
  { client }: OperatorContext,
  secrets: readonly KubeObject[],
): Promise<string | undefined> {
  const name = `${SCIM_INTEGRATIONS.plural}.${SCIM_INTEGRATIONS.group}`;
  const definition = await getIfExists<KubeObject>(client, CUSTOM_RESOURCE_DEFINITIONS, { name });
  if (definition === undefined) return 'the CRD is missing';
  if (definition.metadata.deletionTimestamp !== undefined) return 'the CRD is being deleted';
  const made = definition.metadata.creationTimestamp ?? '';
  return secrets.some(({ metadata }) => (metadata.creationTimestamp ?? '') < made)
    ? 'the CRD is newer than the Secret of the integration; apply the resource again, or delete the Secret to end it'
    : undefined;
}

async function deleteSecrets(
  { client }: OperatorContext,
  record: IntegrationRecord,
  secrets: readonly KubeObject[],
): Promise<void> {
  for (const { metadata } of secrets) {
    const key = { namespace: record.namespace, name: metadata.name };
    const live = await getIfExists<KubeObject>(client, SECRETS, key);
    if (live !== undefined && uidOn(live) === record.uid) {
      await client.delete(SECRETS, key, live.metadata.uid);
    }
  }
}

/** Keys of records whose resource the cache doesn't have: deleted while nobody watched, perhaps. */
export async function missingResources(context: OperatorContext): Promise<readonly ObjectKey[]> {
  const records = await context.store.integrations.list(context.clusterUid);
  return records
    .filter(({ endedAt }) => endedAt === undefined)
    .map(({ namespace, name }) => ({ namespace, name }))
    .filter((key) => context.caches.integrations.get(key) === undefined);
}

/** deletionPolicy Delete, `delayMs` after the end. */
export async function purgeEnded(
  context: OperatorContext,
  delayMs: number,
  log: Logger,
): Promise<void> {
  const due = context.now().getTime() - delayMs;
  for (const record of await context.store.integrations.list(context.clusterUid)) {
    if (record.deletionPolicy !== 'Delete' || record.endedAt === undefined || record.endedAt > due)
      continue;
    await context.store.integrations.purge(record.id, context.now().getTime());
    log.info(
      { integrationId: record.id, tenant: record.tenant },
      'users and groups were deprovisioned',
    );
  }
}
