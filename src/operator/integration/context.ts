/** The additional dependencies of the reconciler of integrations. */
import type { OperatorContext } from '../context.ts';
import type { ReadSecrets } from '../token/read-secrets.ts';
import type { ActivityCache } from './activity-cache.ts';
import type { SeenEnds } from './seen-ends.ts';

export interface IntegrationContext extends OperatorContext {
  readonly activity: ActivityCache;
  readonly readSecrets: ReadSecrets;
  readonly seenEnds: SeenEnds;
}
