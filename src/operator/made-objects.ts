/**
 * The directory remembers by UID what the operator created for a custom resource. Only this permits
 * the operator to delete an object.
 */
import { SCIM_INTEGRATIONS } from '../crd/names.ts';
import type { Maker } from '../directory/store/made-objects.ts';
import { deleteIfExists } from '../kube/client.ts';
import { isConflict } from '../kube/errors.ts';
import {
  type KubeObject,
  type ObjectKey,
  type ResourceDefinition,
  ROLE_BINDINGS,
} from '../kube/resource.ts';
import { type OperatorContext, ownerOf } from './context.ts';

export function integrationMaker(context: OperatorContext, integration: ObjectKey): Maker {
  return { kind: SCIM_INTEGRATIONS.kind, ...ownerOf(context, integration) };
}

/** Called before the object is created, so that a clean-up after a crash finds it. */
export async function announceMade(
  { store }: OperatorContext,
  maker: Maker,
  { kind }: ResourceDefinition,
  name: string,
): Promise<void> {
  await store.madeObjects.put(maker, { kind, name, uid: undefined });
}

/** Called after the object was created, or adopted under its proper name. */
export async function rememberMade(
  { store }: OperatorContext,
  maker: Maker,
  { kind }: ResourceDefinition,
  { metadata: { name, uid } }: KubeObject,
): Promise<void> {
  const known = await store.madeObjects.list(maker);
  if (known.some((each) => each.kind === kind && each.name === name && each.uid === uid)) return;
  await store.madeObjects.put(maker, { kind, name, uid });
}

/** A RoleBinding that grants a role: without its UID before it is created, and with it afterwards. */
export async function rememberRole(
  { store, installation }: OperatorContext,
  maker: Maker,
  { name, uid }: { readonly name: string; readonly uid?: string | undefined },
): Promise<void> {
  const { kind } = ROLE_BINDINGS;
  await store.madeObjects.put(maker, { kind, name, uid, operator: installation });
}

/** Deletes this very object and forgets it. Another object that now has the name is left alone. */
export async function deleteMade(
  { client, store }: OperatorContext,
  maker: Maker,
  resource: ResourceDefinition,
  { name, uid }: { readonly name: string; readonly uid?: string | undefined },
): Promise<void> {
  if (uid !== undefined) {
    try {
      await deleteIfExists(client, resource, { namespace: maker.namespace, name }, uid);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  await store.madeObjects.forget(maker, { kind: resource.kind, name });
}
