/** An operator that can reach the directory but not the API server. */
import type { Store } from '../../../src/directory/store/store.ts';
import type { Connection } from '../../../src/kube/connection.ts';
import type { IntegrationContext } from '../../../src/operator/integration/context.ts';
import { operatorContext } from './context.ts';
import { Lifetime, MortalClient } from './crashing.ts';

export async function cutOff(store: Store, connection: Connection): Promise<IntegrationContext> {
  const dead = new Lifetime(0);
  await dead.write('nothing', () => Promise.resolve()).catch(() => undefined);
  const client = new MortalClient(connection, dead);
  return operatorContext({ client, store });
}
