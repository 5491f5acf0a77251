/** The context of a reconcile, for tests that run no operator. */
import type { Store } from '../../../src/directory/store/store.ts';
import type { Client } from '../../../src/kube/client.ts';
import { EventRecorder } from '../../../src/kube/events.ts';
import { ObjectStore } from '../../../src/kube/store.ts';
import { createLogger } from '../../../src/logger.ts';
import { Contentions } from '../../../src/operator/contentions.ts';
import type { Caches } from '../../../src/operator/context.ts';
import { DirectoryMarks } from '../../../src/operator/directory-marks.ts';
import { ActivityCache } from '../../../src/operator/integration/activity-cache.ts';
import type { IntegrationContext } from '../../../src/operator/integration/context.ts';
import { SeenEnds } from '../../../src/operator/integration/seen-ends.ts';
import { ReadSecrets } from '../../../src/operator/token/read-secrets.ts';
import { UnlabelledWatches } from '../../../src/operator/unlabelled-watches.ts';
import { PUBLIC_URL } from './fixture.ts';

export const CLUSTER_UID = 'the-cluster';

export interface ContextParts {
  readonly client: Client;
  /** Writes the Events. The default is the client. */
  readonly recorder?: Client;
  readonly store: Store;
  readonly now?: () => Date;
}

/** The caches of the context are empty. */
export function operatorContext({
  client,
  recorder = client,
  store,
  now = () => new Date(),
}: ContextParts): IntegrationContext {
  const caches: Caches = {
    integrations: new ObjectStore(),
    tenants: new ObjectStore(),
    groupBindings: new ObjectStore(),
    policies: new ObjectStore(),
    policyBindings: new ObjectStore(),
    namespaces: new ObjectStore(),
    secrets: new ObjectStore(),
    existingSecrets: new ObjectStore(),
    serviceAccounts: new ObjectStore(),
    roles: new ObjectStore(),
    roleBindings: new ObjectStore(),
  };
  const log = createLogger('silent');
  return {
    client,
    store,
    caches,
    events: new EventRecorder({ client: recorder, controller: 'test', instance: 'test', log }),
    activity: new ActivityCache(store.integrations),
    readSecrets: new ReadSecrets(caches.secrets),
    contentions: new Contentions(),
    unlabelled: new UnlabelledWatches({ client, log, signal: AbortSignal.abort() }),
    marks: new DirectoryMarks({
      directoryKey: store.cursorKey,
      clusterUid: CLUSTER_UID,
      lease: undefined,
      log,
    }),
    seenEnds: new SeenEnds(caches.integrations),
    publicUrl: PUBLIC_URL,
    clusterUid: CLUSTER_UID,
    sees: () => true,
    unwritable: new Set(),
    followsGroups: true,
    follows: () => 'followed',
    installation: 'test',
    mayReadTenants: () => true,
    mayReadPolicies: () => true,
    now,
  };
}
