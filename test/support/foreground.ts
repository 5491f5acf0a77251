/** Deletion as Argo CD and `kubectl delete --cascade=foreground` ask for it: the object goes after what it owns. */
import { request } from 'undici';
import { inject } from 'vitest';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { type ObjectKey, pathOf, type ResourceDefinition } from '../../src/kube/resource.ts';

export async function deleteInForeground(
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<void> {
  const connection = new Connection(loadKubeConfig(inject('kubeconfig')));
  const { dispatcher, headers } = await connection.access();
  const answer = await request(`${connection.server}${pathOf(resource, key)}`, {
    method: 'DELETE',
    dispatcher,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ propagationPolicy: 'Foreground' }),
  });
  await answer.body.dump();
  await connection.close();
  if (answer.statusCode >= 300) throw new Error(`not deleted: ${answer.statusCode}`);
}
