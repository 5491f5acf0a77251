/**
 * Asks the API server what an identity may do. Decisions are kept for a few seconds, errors never.
 */
import { hash } from 'node:crypto';
import type { Client } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { SUBJECT_ACCESS_REVIEWS } from '../kube/resource.ts';
import { AccessError } from './error.ts';
import type { Identity, ResourceAttributes } from './identity.ts';

/** A change of permissions takes effect after at most this long. */
const KEPT_MS = 5_000;
const MOST_KEPT = 20_000;
/** Per process, so that a page with many namespaces doesn't hold up the operator's own calls. */
const AT_ONCE = 16;

interface Decision {
  readonly at: number;
  readonly allowed: Promise<boolean>;
}

export class Reviews {
  readonly #client: Client;
  readonly #clock: () => number;
  readonly #most: number;
  readonly #kept = new Map<string, Decision>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `clock` is monotonic, in milliseconds. */
  constructor(client: Client, clock: () => number, most = MOST_KEPT) {
    this.#client = client;
    this.#clock = clock;
    this.#most = most;
  }

  /** In order. Rejects with AccessError if any of them could not be decided. */
  async mayEach(
    identity: Identity,
    actions: readonly ResourceAttributes[],
  ): Promise<readonly boolean[]> {
    const { user, groups, uid, extra } = identity;
    const who = hash('sha256', JSON.stringify([user, groups, uid, sorted(extra)]));
    const decisions = actions.map((action) => this.#decide(who, identity, action));
    return Promise.all(decisions);
  }

  #decide(who: string, identity: Identity, action: ResourceAttributes): Promise<boolean> {
    const { verb, group, resource, namespace, name } = action;
    const key = JSON.stringify([who, verb, group, resource, namespace, name]);
    const now = this.#clock();
    const known = this.#kept.get(key);
    if (known !== undefined && now - known.at < KEPT_MS) return known.allowed;
    const decision: Decision = { at: now, allowed: this.#ask(identity, action) };
    // Inserted last, so that the oldest decisions are first.
    this.#kept.delete(key);
    this.#kept.set(key, decision);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break;
      this.#kept.delete(oldest);
    }
    decision.allowed.catch(() => {
      if (this.#kept.get(key) === decision) this.#kept.delete(key);
    });
    return decision.allowed;
  }

  async #ask(
    { user, groups, uid, extra }: Identity,
    resourceAttributes: ResourceAttributes,
  ): Promise<boolean> {
    // A review about nobody would be refused as invalid, and "" is never a user.
    if (user === '') return false;
    const release = await this.#turn();
    try {
      const spec = { user, groups, uid, extra, resourceAttributes };
      const review = await this.#client.review<Verdict>(SUBJECT_ACCESS_REVIEWS, spec);
      return review.status?.allowed === true && review.status.denied !== true;
    } catch (error) {
      throw new AccessError(
        isForbidden(error)
          ? 'scim-operator may not create SubjectAccessReviews; give its ClusterRole this permission'
          : 'the Kubernetes API could not be asked for permissions; try again in a moment',
        { cause: error },
      );
    } finally {
      release();
    }
  }

  async #turn(): Promise<() => void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((run) => this.#waiting.push(run));
    else this.#running += 1;
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    };
  }
}

interface Verdict {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean };
}

const sorted = (extra: Identity['extra'] = {}) =>
  Object.entries(extra).toSorted(([a], [b]) => (a < b ? -1 : 1));
