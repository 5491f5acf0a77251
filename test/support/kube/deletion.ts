/** Deletion with a propagation policy. */
import { request } from 'undici';
import { inject } from 'vitest';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { type ObjectKey, type ResourceDefinition, urlPathOf } from '../../../src/kube/resource.ts';

/**
 * Like Argo CD and `kubectl delete --cascade=foreground`: dependents are deleted before the object.
 */
export const deleteInForeground = (resource: ResourceDefinition, key: ObjectKey): Promise<void> =>
  deleteWith('Foreground', resource, key);

/** Like `kubectl delete --cascade=orphan`: dependents are kept without an owner. */
export const deleteLeaving = (resource: ResourceDefinition, key: ObjectKey): Promise<void> =>
  deleteWith('Orphan', resource, key);

async function deleteWith(
  propagationPolicy: 'Foreground' | 'Orphan',
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<void> {
  const connection = new Connection(loadKubeConfig(inject('kubeconfig')));
  const { dispatcher, headers } = await connection.access();
  const answer = await request(`${connection.server}${urlPathOf(resource, key)}`, {
    method: 'DELETE',
    dispatcher,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ propagationPolicy }),
  });
  await answer.body.dump();
  await connection.close();
  if (answer.statusCode >= 300) throw new Error(`not deleted: ${answer.statusCode}`);
}
