/**
 * Asks the API server what an identity may do. Decisions are kept for a few seconds, errors never.
 */
import { hash } from 'node:crypto';
import type { Client } from '../kube/client.ts';
import { SUBJECT_ACCESS_REVIEWS } from '../kube/resource.ts';
import { ConcurrencyLimit, ConcurrencyLimits } from './concurrency-limit.ts';
import { accessError } from './error.ts';
import type { Identity, ResourceAttributes } from './identity.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { TtlCache } from './ttl-cache.ts';

/** About as many as can be asked within the time that decisions are kept. */
const MOST_KEPT = 20_000;
const WHAT = 'permission checks';
/** Per process, so that a page with many namespaces doesn't hold up the operator's own calls. */
const OF_ALL = { what: WHAT, atOnce: 16, waiting: 1_000 };
/** Per user, so that one of them can't hold up the pages of the others. */
const OF_USER = { what: WHAT, atOnce: 8, waiting: 1_000 };

export class Reviews {
  readonly #client: Client;
  readonly #kept: TtlCache<boolean>;
  readonly #limitOfAll = new ConcurrencyLimit(OF_ALL);
  readonly #limitOfEachUser = new ConcurrencyLimits(OF_USER);

  /** `clock` is monotonic, in milliseconds. */
  constructor(client: Client, clock: () => number, most = MOST_KEPT) {
    this.#client = client;
    this.#kept = new TtlCache(clock, most);
  }

  /** In order. Rejects with AccessError if any of them could not be decided. */
  async mayEach(
    identity: Identity,
    actions: readonly ResourceAttributes[],
  ): Promise<readonly boolean[]> {
    const { user, groups, uid, extra } = identity;
    const who = hash('sha256', JSON.stringify([user, groups, uid, sorted(extra)]));
    return mapConcurrently(actions, OF_USER.atOnce, (action) => {
      const { verb, group, resource, namespace, name } = action;
      const key = JSON.stringify([who, verb, group, resource, namespace, name]);
      return this.#kept.get(key, () => this.#ask(identity, action));
    });
  }

  async #ask(
    { user, groups, uid, extra }: Identity,
    resourceAttributes: ResourceAttributes,
  ): Promise<boolean> {
    // A review about nobody would be refused as invalid, and "" is never a user.
    if (user === '') return false;
    try {
      const spec = { user, groups, uid, extra, resourceAttributes };
      const review = await this.#limitOfEachUser.run(user, () =>
        this.#limitOfAll.run(() => this.#client.review<Verdict>(SUBJECT_ACCESS_REVIEWS, spec)),
      );
      return review.status?.allowed === true && review.status.denied !== true;
    } catch (error) {
      throw accessError(error, 'create SubjectAccessReviews');
    }
  }
}

interface Verdict {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean };
}

const sorted = (extra: Identity['extra'] = {}) =>
  Object.entries(extra).toSorted(([a], [b]) => (a < b ? -1 : 1));
