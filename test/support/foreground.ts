/** Deletion as it is asked for with `--cascade`. */
import { request } from 'undici';
import { inject } from 'vitest';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { type ObjectKey, pathOf, type ResourceDefinition } from '../../src/kube/resource.ts';

/** As Argo CD and `kubectl delete --cascade=foreground` do it: the object goes after what it owns. */
export const deleteInForeground = (resource: ResourceDefinition, key: ObjectKey): Promise<void> =>
  deleteWith('Foreground', resource, key);

/** As `kubectl delete --cascade=orphan` does it: what the object owns stays, without an owner. */
export const deleteLeaving = (resource: ResourceDefinition, key: ObjectKey): Promise<void> =>
  deleteWith('Orphan', resource, key);

async function deleteWith(
  propagationPolicy: 'Foreground' | 'Orphan',
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<void> {
  const connection = new Connection(loadKubeConfig(inject('kubeconfig')));
  const { dispatcher, headers } = await connection.access();
  const answer = await request(`${connection.server}${pathOf(resource, key)}`, {
    method: 'DELETE',
    dispatcher,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ propagationPolicy }),
  });
  await answer.body.dump();
  await connection.close();
  if (answer.statusCode >= 300) throw new Error(`not deleted: ${answer.statusCode}`);
}
