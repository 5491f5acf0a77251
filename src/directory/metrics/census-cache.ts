/**
 * The census for metrics. It is at most some seconds old while the database responds, and is never
 * waited for long.
 */

import type { Census } from '../store/census.ts';
import type { Store } from '../store/store.ts';
import { withinDeadline } from './within-deadline.ts';

/** Frequent scrapes cost the database one census in this time. */
const MAX_AGE_MS = 10_000;

interface Taken {
  readonly at: number;
  readonly census: Census;
  /** Live integrations: id → tenant. */
  readonly tenants: ReadonlyMap<string, string>;
}

export class CensusCache {
  readonly #now: () => number;
  readonly #take: () => Promise<Taken | undefined>;
  #taken: Taken | undefined;

  /**
   * `store` returns undefined until the directory is open. `now` is a monotonic clock in
   * milliseconds.
   */
  constructor(store: () => Store | undefined, now: () => number) {
    this.#now = now;
    this.#take = withinDeadline(async () => {
      const at = now();
      const census = await store()?.census();
      if (census === undefined) return undefined;
      const tenants = new Map(census.integrations.map(({ id, tenant }) => [id, tenant]));
      this.#taken = { at, census, tenants };
      return this.#taken;
    });
  }

  /** Returns the last census that could be taken, if any. Never rejects. */
  async read(): Promise<Census | undefined> {
    const age = this.#taken === undefined ? undefined : this.#now() - this.#taken.at;
    if (age === undefined || age >= MAX_AGE_MS) await this.#take();
    return this.#taken?.census;
  }

  /** The tenant of an integration in the last census. */
  tenantOf(integrationId: string): string | undefined {
    return this.#taken?.tenants.get(integrationId);
  }

  /**
   * Whether an integration that was last seen at the time `seenAt` is known to have ended since.
   */
  isGone(integrationId: string, seenAt: number): boolean {
    if (this.#taken === undefined) return false;
    const { at, tenants } = this.#taken;
    return at > seenAt && !tenants.has(integrationId);
  }
}
