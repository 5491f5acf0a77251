/**
 * Ends integrations without finalizers, so that deleting one never hangs. No integration ends
 * because a read failed.
 */

import { LABEL_TOKEN, SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import type { MadeObject } from '../../directory/store/made-objects.ts';
import { hashToken } from '../../directory/tokens.ts';
import { type Client, getIfExists } from '../../kube/client.ts';
import type { Result } from '../../kube/controller.ts';
import { isResourceTypeMissing } from '../../kube/errors.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  type ObjectKey,
  SECRETS,
} from '../../kube/resource.ts';
import type { Logger } from '../../logger.ts';
import { type OperatorContext, ownerOf } from '../context.ts';
import { deleteMade, integrationMaker } from '../made-objects.ts';
import { integrationCreatedOn, isGoing, uidOn } from '../ownership.ts';
import type { IntegrationContext } from './context.ts';

/** The cache may be behind the deletion of the object, or ahead of its creation. */
const RECHECK_MS = 1_000;
const CRD_RECHECK_MS = 30_000;

/**
 * Ends the record of a custom resource that is gone or being deleted. `terminating` is the resource
 * with a deletionTimestamp, which counts as gone.
 */
export async function endIntegration(
  context: IntegrationContext,
  key: ObjectKey,
  terminating: KubeIntegration | undefined,
  log: Logger,
): Promise<Result> {
  const { client, store, seenEnds } = context;
  const seen = seenEnds.of(key);
  context.readSecrets.forget(key);
  const record = await store.integrations.find(ownerOf(context, key));
  if (record === undefined) {
    seenEnds.forget(key, seen);
    return {};
  }
  if (terminating === undefined) {
    const live = await getLive(client, key);
    const isAnother = live !== undefined && live.metadata.uid !== record.uid;
    if (live !== undefined && !(isAnother && seen.includes(record.uid))) {
      return { requeueAfterMs: RECHECK_MS };
    }
  }
  const isEnded = await endRecord(context, record, terminating, log);
  seenEnds.forget(key, seen);
  return isEnded ? {} : { requeueAfterMs: CRD_RECHECK_MS };
}

/**
 * Ends the record of a resource whose deletion was seen and whose name is already reused. If nobody
 * saw the deletion, the resource may have been restored and is the same integration.
 */
export async function endPredecessor(
  context: IntegrationContext,
  { metadata }: KubeIntegration,
  log: Logger,
): Promise<void> {
  const { store, seenEnds } = context;
  const seen = seenEnds.of(metadata);
  if (seen.length === 0) return;
  const record = await store.integrations.find(ownerOf(context, metadata));
  if (record !== undefined && record.uid !== metadata.uid && seen.includes(record.uid)) {
    context.readSecrets.forget(metadata);
    await endRecord(context, record, undefined, log);
  }
  seenEnds.forget(metadata, seen);
}

/**
 * Revokes the tokens first and ends the record last, so that the next start finishes the rest after
 * a crash. Returns false if the record is kept, because it is unclear what the absence of the
 * resource means.
 */
async function endRecord(
  context: IntegrationContext,
  record: IntegrationRecord,
  terminating: KubeIntegration | undefined,
  log: Logger,
): Promise<boolean> {
  const { store, now } = context;
  const maker = integrationMaker(context, record);
  const made = await store.madeObjects.list(maker);
  const secrets = await secretsOf(context, record, made);
  const doubt = await doubtAboutDefinition(context, record, secrets, terminating);
  if (doubt !== undefined) {
    log.warn(
      { integrationId: record.id, doubt },
      'integration was kept although its resource is gone',
    );
    return false;
  }
  await store.tokens.revokeAll(record.id);
  for (const { name, uid } of made) {
    const unfinished = secrets.find(({ metadata }) => metadata.name === name)?.metadata.uid;
    await deleteMade(context, maker, SECRETS, { name, uid: uid ?? unfinished });
  }
  await store.integrations.end(record.id, now().getTime());
  context.activity.forget(record.id);
  log.info({ integrationId: record.id, tenant: record.tenant }, 'integration was ended');
  return true;
}

/** Without its CRD, no resource exists. `doubtAboutDefinition` decides what that means. */
async function getLive(client: Client, key: ObjectKey): Promise<KubeObject | undefined> {
  try {
    return await getIfExists<KubeObject>(client, SCIM_INTEGRATIONS, key);
  } catch (error) {
    if (isResourceTypeMissing(error)) return undefined;
    throw error;
  }
}

/** Returns the Secrets that were created for the integration, under the names the operator used. */
async function secretsOf(
  { client }: OperatorContext,
  { namespace, uid }: IntegrationRecord,
  made: readonly MadeObject[],
): Promise<readonly KubeObject[]> {
  const found = await Promise.all(
    made.map(({ name }) => getIfExists<KubeObject>(client, SECRETS, { namespace, name })),
  );
  return found.filter(
    (secret) => secret !== undefined && !isGoing(secret) && uidOn(secret) === uid,
  ) as readonly KubeObject[];
}

/**
 * Removing the CRD deletes all its resources, but is not meant to end every integration. A resource
 * older than the CRD was created under an earlier CRD, was deleted with it, and may still be
 * restored.
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
  if (isGoing(definition)) return 'the CRD is being deleted';
  if (terminating !== undefined) return undefined;
  const made = definition.metadata.creationTimestamp ?? '';
  const older =
    secrets.length > 0
      ? secrets.some((secret) => integrationCreatedOn(secret) < made)
      : await isTokenKeptSince(context, record, made);
  return older
    ? 'the CRD is newer than the integration; reapply the resource, or delete its Secret to end it'
    : undefined;
}

/**
 * Whether an existing Secret, which the operator may not annotate, contains a token that the
 * integration had before `made`.
 */
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

/** Keys of records whose resource isn't in the cache, perhaps because nobody saw its deletion. */
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
 * Carries out deletionPolicy Delete, `delayMs` after the end, but not in a namespace where a
 * restored integration would not be seen. A failure doesn't hold up the others, and the next sweep
 * retries it.
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
      log.warn({ ...fields, err }, 'users and groups were not deprovisioned; retrying later');
    }
  }
}
