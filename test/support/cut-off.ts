/** An operator that reaches the directory, but not the API server. */
import type { Store } from '../../src/directory/store.ts';
import type { Connection } from '../../src/kube/connection.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { createLogger } from '../../src/logger.ts';
import { ActivityCache } from '../../src/operator/activity-cache.ts';
import type { OperatorContext } from '../../src/operator/context.ts';
import { ReadSecrets } from '../../src/operator/read-secrets.ts';
import { Lifetime, MortalClient } from './crashing.ts';
import { PUBLIC_URL } from './operator.ts';
import { CLUSTER_UID, emptyCaches } from './operator-process.ts';

export async function cutOff(store: Store, connection: Connection): Promise<OperatorContext> {
  const dead = new Lifetime(0);
  await dead.write('nothing', () => Promise.resolve()).catch(() => undefined);
  const client = new MortalClient(connection, dead);
  const log = createLogger('silent');
  const now = () => new Date();
  const caches = emptyCaches();
  return {
    client,
    store,
    caches,
    events: new EventRecorder({ client, controller: 'test', instance: 'test', log }),
    activity: new ActivityCache(store.integrations, now),
    readSecrets: new ReadSecrets(caches.secrets),
    publicUrl: PUBLIC_URL,
    clusterUid: CLUSTER_UID,
    sees: () => true,
    unwritable: new Set(),
    mayReadTenants: () => true,
    now,
  };
}
