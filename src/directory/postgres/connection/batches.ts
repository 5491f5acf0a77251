/** Items that arrive while others are in work, and are then done in one go. */
import { busy } from '../../../scim/error.ts';
import { LIMITS } from './pool.ts';

/** So many share a commit, and nobody waits long for the others. */
const MOST = 50;
/** Characters that are written by one statement, or those of one item. More block the process. */
export const MOST_TEXT = 128 * 1024;
/** One is prepared while the server works on the other. */
const AT_ONCE = 2;
/** For writes, of which several cost little more than one. Most take a few milliseconds. */
export const GATHER_MS = 50;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly since: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const NO_OUTCOME = { status: 'rejected', reason: new Error('an item has no outcome') } as const;

class Queue<Item, Result> {
  waiting: Waiting<Item, Result>[] = [];
  /** What the items of running batches are about. */
  readonly subjects = new Set<string>();
  /** Batches that keep those that wait from being done. */
  running = 0;
  /** So many have to wait before the next batch begins. */
  enough = 0;
  isScheduled = false;
  /** Whether a timer looks after those that wait. */
  isWatched = false;
}

/** Returns the outcomes in the order of the items. Rejects if nothing was done. */
type Perform<Item, Result> = (
  key: string,
  items: readonly Item[],
) => Promise<readonly PromiseSettledResult<Result>[]>;

interface BatchOptions<Item> {
  /** After such an error, which may be the fault of one item, each item is done on its own. */
  readonly isOfOne: (error: unknown) => boolean;
  /** Items about the same subject are done one after the other, or together if they fit. */
  readonly subjectOf?: (item: Item) => string;
  readonly fits?: (item: Item, others: readonly Item[]) => boolean;
  /** An item is done together with others as long as they weigh no more than `most`. */
  readonly weight?: { readonly of: (item: Item) => number; readonly most: number };
  readonly patienceMs?: number;
  /** Fewer items than the running batches have wait for these, but no longer than this. */
  readonly gatherMs?: number;
  /** A batch that takes longer no longer keeps those that wait from being done. */
  readonly slowMs?: number;
}

export class Batches<Item, Result = void> {
  readonly #perform: Perform<Item, Result>;
  readonly #isOfOne: BatchOptions<Item>['isOfOne'];
  readonly #subjectOf: BatchOptions<Item>['subjectOf'];
  readonly #fits: (item: Item, others: readonly Item[]) => boolean;
  readonly #weight: NonNullable<BatchOptions<Item>['weight']>;
  readonly #patienceMs: number;
  readonly #gatherMs: number | undefined;
  readonly #slowMs: number | undefined;
  readonly #queues = new Map<string, Queue<Item, Result>>();

  constructor(
    perform: Perform<Item, Result>,
    {
      isOfOne,
      subjectOf,
      fits = () => false,
      weight = { of: () => 1, most: MOST },
      patienceMs = LIMITS.acquireMs,
      gatherMs,
      slowMs,
    }: BatchOptions<Item>,
  ) {
    this.#perform = perform;
    this.#isOfOne = isOfOne;
    this.#subjectOf = subjectOf;
    this.#fits = fits;
    this.#weight = weight;
    this.#patienceMs = patienceMs;
    this.#gatherMs = gatherMs;
    this.#slowMs = slowMs;
  }

  /**
   * Does the item with others of the same key. Settles with the item's own outcome. Rejects with
   * busy if it has to wait too long, and then the item is never done.
   */
  add(key: string, item: Item): Promise<Result> {
    const queue = this.#queues.get(key) ?? new Queue<Item, Result>();
    this.#queues.set(key, queue);
    return new Promise((resolve, reject) => {
      queue.waiting.push({ item, since: performance.now(), resolve, reject });
      this.#schedule(key, queue);
      if (!queue.isScheduled) this.#watch(queue, this.#patienceMs);
    });
  }

  /** One timer for all that wait, because few wait long. */
  #watch(queue: Queue<Item, Result>, ms: number): void {
    if (queue.isWatched) return;
    queue.isWatched = true;
    const look = () => {
      queue.isWatched = false;
      const late = performance.now() - this.#patienceMs;
      while (queue.waiting[0] !== undefined && queue.waiting[0].since <= late)
        queue.waiting.shift()?.reject(busy());
      const [next] = queue.waiting;
      if (next !== undefined) this.#watch(queue, Math.ceil(next.since - late));
    };
    setTimeout(look, ms).unref();
  }

  /** Items that arrive in the same turn of the event loop are done together. */
  #schedule(key: string, queue: Queue<Item, Result>): void {
    if (queue.isScheduled || queue.running >= AT_ONCE || queue.waiting.length === 0) return;
    if (queue.waiting.length < queue.enough) return;
    queue.isScheduled = true;
    setImmediate(() => {
      queue.isScheduled = false;
      void this.#run(key, queue);
    });
  }

  /** Items that are done on their own no longer keep those that wait from being done. */
  async #run(key: string, queue: Queue<Item, Result>): Promise<void> {
    const { batch, subjects } = this.#next(queue);
    if (queue.waiting.length > 0) this.#watch(queue, this.#patienceMs);
    if (batch.length === 0) return;
    for (const subject of subjects) queue.subjects.add(subject);
    const many = this.#gatherMs === undefined ? 0 : batch.length;
    queue.running++;
    queue.enough += many;
    this.#schedule(key, queue);
    const letFewGoOn = once(() => {
      queue.enough -= many;
      this.#schedule(key, queue);
    });
    const letOthersGoOn = once(() => {
      queue.running--;
      letFewGoOn();
      this.#schedule(key, queue);
    });
    const timers = [after(this.#gatherMs, letFewGoOn), after(this.#slowMs, letOthersGoOn)];
    const divided = await this.#do(key, batch);
    timers.forEach(clearTimeout);
    for (const subject of subjects) queue.subjects.delete(subject);
    letOthersGoOn();
    // After a slow batch, another queue may have the key.
    const isUnused = queue.running === 0 && queue.waiting.length === 0;
    if (isUnused && this.#queues.get(key) === queue) this.#queues.delete(key);
    for (const each of divided) void this.#do(key, [each]);
  }

  /** Takes the first items from the queue that may be done now, and done together. */
  #next(queue: Queue<Item, Result>) {
    const subjectOf = this.#subjectOf;
    const most = this.#fitting(queue.waiting);
    if (subjectOf === undefined) return { batch: queue.waiting.splice(0, most), subjects: [] };
    const batch: Waiting<Item, Result>[] = [];
    const subjects = new Map<string, Item[]>();
    const held = new Set(queue.subjects);
    queue.waiting = queue.waiting.filter((each) => {
      const subject = subjectOf(each.item);
      if (batch.length === most || held.has(subject)) return true;
      const others = subjects.get(subject) ?? [];
      if (others.length > 0 && !this.#fits(each.item, others)) {
        held.add(subject);
        return true;
      }
      batch.push(each);
      subjects.set(subject, [...others, each.item]);
      return false;
    });
    return { batch, subjects: [...subjects.keys()] };
  }

  /** How many of the first items may be done together, at least one. */
  #fitting(waiting: readonly Waiting<Item, Result>[]): number {
    const { of, most } = this.#weight;
    const first = waiting.slice(0, MOST);
    let weight = 0;
    const end = first.findIndex(({ item }) => {
      weight += of(item);
      return weight > most;
    });
    return end === -1 ? first.length : Math.max(1, end);
  }

  /** Settles the items, or returns them if each has to be done on its own. */
  async #do(
    key: string,
    batch: readonly Waiting<Item, Result>[],
  ): Promise<readonly Waiting<Item, Result>[]> {
    if (batch.length === 0) return [];
    try {
      const outcomes = await this.#perform(
        key,
        batch.map(({ item }) => item),
      );
      for (const [n, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[n] ?? NO_OUTCOME;
        if (outcome.status === 'fulfilled') resolve(outcome.value);
        else reject(outcome.reason);
      }
    } catch (reason) {
      if (batch.length > 1 && this.#isOfOne(reason)) return batch;
      for (const { reject } of batch) reject(reason);
    }
    return [];
  }
}

const after = (ms: number | undefined, work: () => void) =>
  ms === undefined ? undefined : setTimeout(work, ms);

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
