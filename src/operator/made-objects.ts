/**
 * What the operator made for a custom resource, remembered in the directory by UID: the licence to
 * delete it, and nothing else is.
 */
import { SCIM_INTEGRATIONS } from '../crd/names.ts';
import type { Maker } from '../directory/store/made-objects.ts';
import { deleteIfExists } from '../kube/client.ts';
import { isConflict } from '../kube/errors.ts';
import type { KubeObject, ObjectKey, ResourceDefinition } from '../kube/resource.ts';
import { type OperatorContext, ownerOf } from './context.ts';

export function integrationMaker(context: OperatorContext, integration: ObjectKey): Maker {
  return { kind: SCIM_INTEGRATIONS.kind, ...ownerOf(context, integration) };
}

/** Before it is made: then its end is found after a crash, too. */
export async function announceMade(
  { store }: OperatorContext,
  maker: Maker,
  { kind }: ResourceDefinition,
  name: string,
): Promise<void> {
  await store.madeObjects.put(maker, { kind, name, uid: undefined });
}

/** After it was made, or adopted under its proper name. */
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

/** Deletes the very object and forgets it; another one that has the name by now is left alone. */
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
