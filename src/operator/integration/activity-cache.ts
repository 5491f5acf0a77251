/**
 * Caches the activity of integrations. A status that followed every request would be written with
 * every request.
 */
import type { IntegrationActivity, IntegrationStore } from '../../directory/store/integrations.ts';
import type { ObjectKey } from '../../kube/resource.ts';

/** Counts and the time of the last request reach the status at most this often. */
const REFRESH_MS = 60_000;
/** Longer than a refresh and two sweeps, so that one of the next two sweeps sees any request. */
const ACTIVE_MS = 3 * REFRESH_MS;

export class ActivityCache {
  readonly #known = new Map<
    string,
    { readonly at: number; readonly activity: IntegrationActivity }
  >();
  readonly #store: IntegrationStore;
  readonly #clock: () => number;

  /** `clock` is monotonic, in milliseconds. */
  constructor(store: IntegrationStore, clock = () => performance.now()) {
    this.#store = store;
    this.#clock = clock;
  }

  async read(integrationId: string): Promise<IntegrationActivity> {
    const at = this.#clock();
    const known = this.#known.get(integrationId);
    if (known !== undefined && at - known.at < REFRESH_MS) return known.activity;
    const activity = await this.#store.activity(integrationId);
    this.#known.set(integrationId, { at, activity });
    return activity;
  }

  forget(integrationId: string): void {
    this.#known.delete(integrationId);
  }
}

/**
 * Returns the integrations that were recently called, and the others of their tenants. Only their
 * activity can differ from their status.
 */
export async function activeIntegrations(
  store: IntegrationStore,
  clusterUid: string,
  now: Date,
): Promise<readonly ObjectKey[]> {
  const active = await store.activeSince(clusterUid, now.getTime() - ACTIVE_MS);
  return active.map(({ namespace, name }) => ({ namespace, name }));
}
