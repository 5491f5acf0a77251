/**
 * The end of integrations, without finalizers: deleting one never hangs, and nothing ends because a
 * read failed.
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
 * Ends the record of a custom resource that is gone or going. `terminating` is the resource with a
 * deletionTimestamp, which counts as gone.
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
 * Ends the record of a resource that was seen to go, and whose name another one has already. One
 * whose end nobody saw may have been restored: then the other one is the same integration.
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
 * The tokens end first; the record is the last to go, so that after a crash the rest is done at the
 * next start. False where the record is kept, because it is in doubt what the end of the resource
 * means.
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

/** Without its CRD no resource is there; what that means is decided by `doubtAboutDefinition`. */
async function getLive(client: Client, key: ObjectKey): Promise<KubeObject | undefined> {
  try {
    return await getIfExists<KubeObject>(client, SCIM_INTEGRATIONS, key);
  } catch (error) {
    if (isResourceTypeMissing(error)) return undefined;
    throw error;
  }
}

/** What says that it was made for the integration, under the names that the operator gave it. */
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
 * Removing the CRD deletes every resource of it, which nobody means as the end of each integration.
 * A resource that is older than the CRD was made under an earlier one, went with it, and may still
 * be on its way back.
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
 * An existing Secret, which is not ours to mark, holds a token that the integration had before
 * `made`.
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
 * deletionPolicy Delete, `delayMs` after the end; not where one that was restored since would not
 * be seen. One that fails is tried again in the next sweep and holds up no other.
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
