/** What integrations do, looked at rarely: a status that followed every request would be written with every request. */
import type { IntegrationActivity, IntegrationStore } from '../directory/store.ts';

/** Counts and the time of the last request reach the status at most this often. */
export const REFRESH_MS = 60_000;

export class ActivityCache {
  readonly #known = new Map<
    string,
    { readonly at: number; readonly activity: IntegrationActivity }
  >();
  readonly #store: IntegrationStore;
  readonly #now: () => Date;

  constructor(store: IntegrationStore, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  async read(integrationId: string): Promise<IntegrationActivity> {
    const at = this.#now().getTime();
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
