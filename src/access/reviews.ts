/**
 * Asks the API server what an identity may do. Decisions are kept for a few seconds, errors never.
 */
import { hash } from 'node:crypto';
import type { Client } from '../kube/client.ts';
import { SUBJECT_ACCESS_REVIEWS } from '../kube/resource.ts';
import { accessError } from './error.ts';
import type { Identity, ResourceAttributes } from './identity.ts';
import { Recent } from './recent.ts';
import { Semaphore } from './semaphore.ts';

const MOST_KEPT = 20_000;
/** Per process, so that a page with many namespaces doesn't hold up the operator's own calls. */
const AT_ONCE = 16;

export class Reviews {
  readonly #client: Client;
  readonly #kept: Recent<boolean>;
  readonly #semaphore = new Semaphore(AT_ONCE);

  /** `clock` is monotonic, in milliseconds. */
  constructor(client: Client, clock: () => number, most = MOST_KEPT) {
    this.#client = client;
    this.#kept = new Recent(clock, most);
  }

  /** In order. Rejects with AccessError if any of them could not be decided. */
  async mayEach(
    identity: Identity,
    actions: readonly ResourceAttributes[],
  ): Promise<readonly boolean[]> {
    const { user, groups, uid, extra } = identity;
    const who = hash('sha256', JSON.stringify([user, groups, uid, sorted(extra)]));
    return Promise.all(
      actions.map((action) => {
        const { verb, group, resource, namespace, name } = action;
        const key = JSON.stringify([who, verb, group, resource, namespace, name]);
        return this.#kept.get(key, () => this.#ask(identity, action));
      }),
    );
  }

  async #ask(
    { user, groups, uid, extra }: Identity,
    resourceAttributes: ResourceAttributes,
  ): Promise<boolean> {
    // A review about nobody would be refused as invalid, and "" is never a user.
    if (user === '') return false;
    try {
      const spec = { user, groups, uid, extra, resourceAttributes };
      const review = await this.#semaphore.run(() =>
        this.#client.review<Verdict>(SUBJECT_ACCESS_REVIEWS, spec),
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
