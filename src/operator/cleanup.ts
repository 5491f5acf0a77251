/** The end of integrations, without finalizers: deleting one never hangs, and nothing ends because a read failed. */
import type { KubeIntegration } from '../crd/integration-object.ts';
import { LABEL_TOKEN, SCIM_INTEGRATIONS } from '../crd/names.ts';
import type { IntegrationRecord } from '../directory/store.ts';
import { hashToken } from '../directory/tokens.ts';
import type { Client } from '../kube/client.ts';
import type { Result } from '../kube/controller.ts';
import { isResourceTypeMissing } from '../kube/errors.ts';
import { selectorFor } from '../kube/label-selector.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  type ObjectKey,
  SECRETS,
} from '../kube/resource.ts';
import type { Logger } from '../logger.ts';
import { integrationCreatedOn, textOf, uidOn } from './checks.ts';
import { deleteIfExists, getIfExists, type OperatorContext, ownerOf } from './context.ts';
import { labelsFor, type Secret } from './objects.ts';

/** The cache may be behind the deletion of the object, or ahead of its creation. */
const RECHECK_MS = 1_000;
const CRD_RECHECK_MS = 30_000;

/**
 * Ends the record of a custom resource that is gone or going. Its tokens end first; the record is the last to go, so that after a crash the
 * rest is done at the next start. `terminating` is the resource with a deletionTimestamp, which counts as gone.
 */
export async function endIntegration(
  context: OperatorContext,
  key: ObjectKey,
  terminating: KubeIntegration | undefined,
  log: Logger,
): Promise<Result> {
  const { client, store, now } = context;
  context.readSecrets.forget(key);
  const record = await store.integrations.find(ownerOf(context, key));
  if (record === undefined) return {};
  if (terminating === undefined && (await isThere(client, key))) {
    return { requeueAfterMs: RECHECK_MS };
  }
  const secrets = await secretsOf(client, record);
  const doubt = await doubtAboutDefinition(context, record, secrets, terminating);
  if (doubt !== undefined) {
    log.warn(
      { integrationId: record.id, doubt },
      'integration is kept although its resource is gone',
    );
    return { requeueAfterMs: CRD_RECHECK_MS };
  }
  await store.tokens.revokeAll(record.id);
  for (const { metadata } of secrets) {
    await deleteIfExists(client, SECRETS, { ...key, name: metadata.name }, metadata.uid);
  }
  await store.integrations.end(record.id, now().getTime());
  context.activity.forget(record.id);
  log.info({ integrationId: record.id, tenant: record.tenant }, 'integration was ended');
  return {};
}

/** Without its CRD no resource is there; what that means is decided by `doubtAboutDefinition`. */
async function isThere(client: Client, key: ObjectKey): Promise<boolean> {
  try {
    return (await getIfExists(client, SCIM_INTEGRATIONS, key)) !== undefined;
  } catch (error) {
    if (isResourceTypeMissing(error)) return false;
    throw error;
  }
}

/** Read from the server, because the cache may not know yet of a Secret that was made a moment ago. */
async function secretsOf(
  client: Client,
  { namespace, name, uid }: IntegrationRecord,
): Promise<readonly KubeObject[]> {
  const labelSelector = selectorFor(labelsFor(name));
  const { items } = await client.list(SECRETS, { namespace, labelSelector, metadataOnly: true });
  return (items ?? []).filter((secret) => uidOn(secret) === uid);
}

/**
 * Removing the CRD deletes every resource of it, which nobody means as the end of each integration. A resource that is older than the CRD
 * was made under an earlier one, went with it, and may still be on its way back.
 */
async function doubtAboutDefinition(
  context: OperatorContext,
  record: IntegrationRecord,
  secrets: readonly KubeObject[],
  terminating: KubeIntegration | undefined,
): Promise<string | undefined> {
  const name = `${SCIM_INTEGRATIONS.plural}.${SCIM_INTEGRATIONS.group}`;
  const definition = await getIfExists<KubeObject>(context.client, CUSTOM_RESOURCE_DEFINITIONS, {
    name,
  });
  if (definition === undefined) return 'the CRD is missing';
  if (definition.metadata.deletionTimestamp !== undefined) return 'the CRD is being deleted';
  if (terminating !== undefined) return undefined;
  const made = definition.metadata.creationTimestamp ?? '';
  const older =
    secrets.length > 0
      ? secrets.some((secret) => integrationCreatedOn(secret) < made)
      : await isTokenKeptSince(context, record, made);
  return older
    ? 'the CRD is newer than the integration; apply the resource again, or delete the Secret to end it'
    : undefined;
}

/** An existing Secret, which is not ours to mark, holds a token that the integration had before `made`. */
async function isTokenKeptSince(
  { client, store }: OperatorContext,
  { id, namespace }: IntegrationRecord,
  made: string,
): Promise<boolean> {
  const tokens = await store.tokens.list(id);
  const older = tokens.filter(({ issuedAt }) => issuedAt < Date.parse(made));
  if (older.length === 0) return false;
  const labelSelector = `${LABEL_TOKEN}=true`;
  const { items } = await client.list<Secret>(SECRETS, { namespace, labelSelector });
  const kept = (items ?? []).flatMap((secret) =>
    Object.keys(secret.data ?? {}).map((key) => hashToken(textOf(secret, key) ?? '')),
  );
  return older.some(({ hash }) => kept.includes(hash));
}

/** Keys of records whose resource the cache doesn't have: deleted while nobody watched, perhaps. */
export function missingResources(
  { caches, sees }: OperatorContext,
  records: readonly IntegrationRecord[],
): readonly ObjectKey[] {
  return records
    .filter(({ endedAt, namespace }) => endedAt === undefined && sees(namespace))
    .map(({ namespace, name }) => ({ namespace, name }))
    .filter((key) => caches.integrations.get(key) === undefined);
}

/**
 * deletionPolicy Delete, `delayMs` after the end; not where one that was restored since would not be seen. One that fails is tried again in
 * the next sweep and holds up no other.
 */
export async function purgeEnded(
  context: OperatorContext,
  records: readonly IntegrationRecord[],
  delayMs: number,
  log: Logger,
): Promise<void> {
  const now = context.now().getTime();
  for (const { id, tenant, namespace, deletionPolicy, endedAt } of records) {
    if (deletionPolicy !== 'Delete' || endedAt === undefined || endedAt > now - delayMs) continue;
    if (!context.sees(namespace)) continue;
    const fields = { integrationId: id, tenant };
    try {
      await context.store.integrations.purge(id, now);
      log.info(fields, 'users and groups were deprovisioned');
    } catch (err) {
      log.warn({ ...fields, err }, 'users and groups were not deprovisioned; tried again later');
    }
  }
}
