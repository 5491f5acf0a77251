/** Lists objects in the namespaces that a visitor may see. */
import { mapConcurrently } from '../access/map-concurrently.ts';
import type { Client, ListOptions } from '../kube/client.ts';
import { isForbidden, isResourceTypeMissing } from '../kube/errors.ts';
import type { KubeObject, ResourceDefinition } from '../kube/resource.ts';

/** Beyond that, one list of all namespaces costs less, if the operator may read it. */
const MOST_LISTS = 20;
const AT_ONCE = 16;
const PAGE = 500;

/** None if the cluster doesn't know the resource. Rejects with ApiError. */
export async function listIn<T extends KubeObject>(
  client: Client,
  resource: ResourceDefinition,
  namespaces: readonly string[],
  labelSelector?: string,
): Promise<readonly T[]> {
  if (namespaces.length > MOST_LISTS) {
    const all = await allNamespaces<T>(client, resource, labelSelector);
    const wanted = new Set(namespaces);
    if (all !== undefined)
      return all.filter(({ metadata }) => wanted.has(metadata.namespace ?? ''));
  }
  const lists = await mapConcurrently(namespaces, AT_ONCE, (namespace) =>
    readAll<T>(client, resource, { namespace, labelSelector }),
  );
  return lists.flat();
}

/** Like listIn, but none if the operator may not list the resource. */
export async function listInIfAllowed<T extends KubeObject>(
  ...list: Parameters<typeof listIn>
): Promise<readonly T[]> {
  try {
    return await listIn<T>(...list);
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

/** Undefined if the operator watches single namespaces only. */
async function allNamespaces<T extends KubeObject>(
  client: Client,
  resource: ResourceDefinition,
  labelSelector: string | undefined,
): Promise<readonly T[] | undefined> {
  try {
    return await readAll<T>(client, resource, { labelSelector });
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

async function readAll<T extends KubeObject>(
  client: Client,
  resource: ResourceDefinition,
  options: ListOptions,
): Promise<readonly T[]> {
  const found: T[] = [];
  let next: string | undefined;
  try {
    do {
      const page = await client.list<T>(resource, { ...options, limit: PAGE, continue: next });
      found.push(...(page.items ?? []));
      next = page.metadata.continue;
    } while (next !== undefined && next !== '');
  } catch (error) {
    if (!isResourceTypeMissing(error)) throw error;
  }
  return found;
}
