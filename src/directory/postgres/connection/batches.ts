/** Items that arrive while others are in work, and are then done in one go. */
import { busy } from '../../../scim/error.ts';
import { LIMITS } from './pool.ts';

/** So many share a commit, and nobody waits long for the others. */
const MOST = 50;
/** One is prepared while the server works on the other. */
const AT_ONCE = 2;

interface Waiting<Item> {
  readonly item: Item;
  /** Called when its batch begins. */
  readonly begin: () => void;
  readonly settle: (outcome: PromiseSettledResult<void>) => void;
}

const NO_OUTCOME = { status: 'rejected', reason: new Error('an item has no outcome') } as const;

class Queue<Item> {
  readonly waiting: Waiting<Item>[] = [];
  running = 0;
  isScheduled = false;
}

/** Returns the outcomes in the order of the items. Rejects if nothing was done. */
type Perform<Item> = (
  key: string,
  items: readonly Item[],
) => Promise<readonly PromiseSettledResult<void>[]>;

export class Batches<Item> {
  readonly #perform: Perform<Item>;
  readonly #isOfOne: (error: unknown) => boolean;
  readonly #patienceMs: number;
  readonly #queues = new Map<string, Queue<Item>>();

  /** After an error that may be the fault of one item, each item is done on its own. */
  constructor(
    perform: Perform<Item>,
    isOfOne: (error: unknown) => boolean,
    patienceMs: number = LIMITS.acquireMs,
  ) {
    this.#perform = perform;
    this.#isOfOne = isOfOne;
    this.#patienceMs = patienceMs;
  }

  /**
   * Does the item with others of the same key. Settles with the item's own outcome. Rejects with
   * busy if it has to wait too long, and then the item is never done.
   */
  add(key: string, item: Item): Promise<void> {
    const queue = this.#queues.get(key) ?? new Queue<Item>();
    this.#queues.set(key, queue);
    return new Promise((resolve, reject) => {
      const settle = (outcome: PromiseSettledResult<void>) => {
        if (outcome.status === 'fulfilled') resolve();
        else reject(outcome.reason);
      };
      const timer = setTimeout(() => {
        queue.waiting.splice(queue.waiting.indexOf(waiting), 1);
        reject(busy());
      }, this.#patienceMs);
      const waiting = { item, begin: () => clearTimeout(timer), settle };
      queue.waiting.push(waiting);
      this.#schedule(key, queue);
    });
  }

  /** Items that arrive in the same turn of the event loop are done together. */
  #schedule(key: string, queue: Queue<Item>): void {
    if (queue.isScheduled || queue.running >= AT_ONCE || queue.waiting.length === 0) return;
    queue.isScheduled = true;
    setImmediate(() => {
      queue.isScheduled = false;
      void this.#run(key, queue);
    });
  }

  /** Items that are done on their own no longer keep those that wait from being done. */
  async #run(key: string, queue: Queue<Item>): Promise<void> {
    const batch = queue.waiting.splice(0, MOST);
    for (const { begin } of batch) begin();
    queue.running++;
    this.#schedule(key, queue);
    const divided = await this.#do(key, batch);
    queue.running--;
    if (queue.running === 0 && queue.waiting.length === 0) this.#queues.delete(key);
    else this.#schedule(key, queue);
    for (const each of divided) void this.#do(key, [each]);
  }

  /** Settles the items, or returns them if each has to be done on its own. */
  async #do(key: string, batch: readonly Waiting<Item>[]): Promise<readonly Waiting<Item>[]> {
    if (batch.length === 0) return [];
    try {
      const outcomes = await this.#perform(
        key,
        batch.map(({ item }) => item),
      );
      for (const [n, { settle }] of batch.entries()) settle(outcomes[n] ?? NO_OUTCOME);
    } catch (reason) {
      if (batch.length > 1 && this.#isOfOne(reason)) return batch;
      for (const { settle } of batch) settle({ status: 'rejected', reason });
    }
    return [];
  }
}
