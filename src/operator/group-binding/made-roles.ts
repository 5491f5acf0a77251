/**
 * The RoleBindings created for ScimGroupBindings. What a ScimGroupBinding granted ends with it,
 * whatever happens to the object.
 */

import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import type { MadeObject, Maker } from '../../directory/store/made-objects.ts';
import { deleteIfExists, getIfExists } from '../../kube/client.ts';
import { isConflict, isResourceTypeMissing } from '../../kube/errors.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { type ObjectKey, ROLE_BINDINGS } from '../../kube/resource.ts';
import { type OperatorContext, ownerOf } from '../context.ts';
import { rememberRole } from '../made-objects.ts';
import { obstacleFrom } from '../obstacle.ts';
import { FIELD_MANAGER, isGoing, whatHolds } from '../ownership.ts';
import { isNamedFor, isOfBinding } from './objects.ts';

export function bindingMaker(context: OperatorContext, binding: ObjectKey): Maker {
  return { kind: SCIM_GROUP_BINDINGS.kind, ...ownerOf(context, binding) };
}

/**
 * Separates our RoleBindings from others that have a name of the ScimGroupBinding: by UID, or by
 * owner if a crash prevented the UID from being recorded.
 */
export function sortOutRoles(
  binding: KubeGroupBinding,
  made: readonly MadeObject[],
  objects: readonly RoleBinding[],
): { readonly ours: readonly RoleBinding[]; readonly foreign: readonly string[] } {
  const uids = new Set(made.map(({ uid }) => uid));
  const named = objects.filter((each) => isNamedFor(each, binding));
  const isOurs = (each: RoleBinding) => uids.has(each.metadata.uid) || isOfBinding(each, binding);
  return {
    ours: named.filter(isOurs),
    foreign: named.filter((each) => !isOurs(each)).map(({ metadata }) => metadata.name),
  };
}

/** Whether exactly these are recorded, as managed by this operator. */
export function isRemembered(
  { installation }: OperatorContext,
  made: readonly MadeObject[],
  ours: readonly RoleBinding[],
): boolean {
  const uids = new Set(ours.map(({ metadata }) => metadata.uid));
  return (
    made.length === ours.length &&
    made.every(({ uid, operator }) => uids.has(uid) && operator === installation)
  );
}

/** Makes the directory remember exactly these RoleBindings. */
export async function rememberExactly(
  context: OperatorContext,
  maker: Maker,
  made: readonly MadeObject[],
  ours: readonly RoleBinding[],
): Promise<void> {
  const names = new Set(ours.map(({ metadata }) => metadata.name));
  for (const each of made)
    if (!names.has(each.name)) await context.store.madeObjects.forget(maker, each);
  for (const each of ours) await rememberRole(context, maker, each.metadata);
}

/**
 * Revokes the role even if a finalizer holds the RoleBinding, which would still grant it. Returns
 * whether the object is gone.
 */
export async function deleteRole(
  { client, store }: OperatorContext,
  maker: Maker,
  object: RoleBinding,
): Promise<boolean> {
  const { name, uid, finalizers = [] } = object.metadata;
  const key = { namespace: maker.namespace, name };
  const isHeld = finalizers.length > 0;
  if (!isGoing(object)) await deleteIfExists(client, ROLE_BINDINGS, key, uid);
  if (isHeld && (object.subjects ?? []).length > 0) {
    const patch = { metadata: { uid }, subjects: [] };
    await client.mergePatch(ROLE_BINDINGS, key, patch, { fieldManager: FIELD_MANAGER });
  }
  if (!isHeld) await store.madeObjects.forget(maker, { kind: ROLE_BINDINGS.kind, name });
  return !isHeld;
}

/** A RoleBinding that should be gone but still exists. */
export interface LeftRole {
  readonly name: string;
  readonly reason: string;
  readonly error?: unknown;
}

/**
 * Deletes the RoleBindings of a ScimGroupBinding that is gone or no longer followed. Another object
 * that now has the name is left alone.
 */
export async function endRoles(
  context: OperatorContext,
  maker: Maker,
): Promise<readonly LeftRole[]> {
  const made = await context.store.madeObjects.list(maker);
  const left = await Promise.all(made.map((object) => endRole(context, maker, object)));
  return left.flatMap((each) => each ?? []);
}

async function endRole(
  context: OperatorContext,
  maker: Maker,
  { kind, name, uid }: MadeObject,
): Promise<LeftRole | undefined> {
  const { client, store } = context;
  try {
    const live = await getIfExists<RoleBinding>(client, ROLE_BINDINGS, {
      namespace: maker.namespace,
      name,
    });
    if (live === undefined || live.metadata.uid !== uid) {
      await store.madeObjects.forget(maker, { kind, name });
      return undefined;
    }
    return (await deleteRole(context, maker, live))
      ? undefined
      : { name, reason: `it ${whatHolds(live)}` };
  } catch (error) {
    // Another object has the name, which the next reconcile finds out.
    if (isConflict(error)) return undefined;
    return { name, reason: obstacleFrom(error).message, error };
  }
}

/**
 * Ends the roles of a ScimGroupBinding that is missing from the cache or being deleted. Returns
 * undefined if it exists nevertheless, or can't be known to be gone: without the CRD, all of them
 * are missing.
 */
export async function endRolesOfGone(
  context: OperatorContext,
  key: ObjectKey,
  going: KubeGroupBinding | undefined,
): Promise<readonly LeftRole[] | undefined> {
  const maker = bindingMaker(context, key);
  if (going !== undefined) await rememberOwned(context, maker, going);
  else if ((await context.store.madeObjects.list(maker)).length === 0) return [];
  else if (await mayBeThere(context, key)) return undefined;
  return endRoles(context, maker);
}

/** Records what a crash prevented from being recorded. */
async function rememberOwned(
  context: OperatorContext,
  maker: Maker,
  going: KubeGroupBinding,
): Promise<void> {
  const made = await context.store.madeObjects.list(maker);
  const known = new Set(made.map(({ uid }) => uid));
  const owned = context.caches.roleBindings
    .list(maker.namespace)
    .filter((each) => isOfBinding(each, going) && !known.has(each.metadata.uid));
  for (const each of owned) await rememberRole(context, maker, each.metadata);
}

async function mayBeThere({ client }: OperatorContext, key: ObjectKey): Promise<boolean> {
  try {
    const live = await getIfExists(client, SCIM_GROUP_BINDINGS, key);
    return live !== undefined && !isGoing(live);
  } catch (error) {
    if (isResourceTypeMissing(error)) return true;
    throw error;
  }
}
