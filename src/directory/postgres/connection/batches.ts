/** Items that arrive while others are in work, and are then done in one go. */

/** So many share a commit, and nobody waits long for the others. */
const MOST = 50;
/** One is prepared while the server works on the other. */
const AT_ONCE = 2;

interface Waiting<Item> {
  readonly item: Item;
  readonly settle: (outcome: PromiseSettledResult<void>) => void;
}

class Queue<Item> {
  readonly waiting: Waiting<Item>[] = [];
  running = 0;
  isScheduled = false;
}

/** Returns the outcomes in the order of the items. Must not reject. */
type Perform<Item> = (
  key: string,
  items: readonly Item[],
) => Promise<readonly PromiseSettledResult<void>[]>;

export class Batches<Item> {
  readonly #perform: Perform<Item>;
  readonly #queues = new Map<string, Queue<Item>>();

  constructor(perform: Perform<Item>) {
    this.#perform = perform;
  }

  /** Does the item with others of the same key. Settles with the item's own outcome. */
  add(key: string, item: Item): Promise<void> {
    const queue = this.#queues.get(key) ?? new Queue<Item>();
    this.#queues.set(key, queue);
    return new Promise((resolve, reject) => {
      const settle = (outcome: PromiseSettledResult<void>) => {
        if (outcome.status === 'fulfilled') resolve();
        else reject(outcome.reason);
      };
      queue.waiting.push({ item, settle });
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

  async #run(key: string, queue: Queue<Item>): Promise<void> {
    const batch = queue.waiting.splice(0, MOST);
    queue.running++;
    this.#schedule(key, queue);
    const outcomes = await this.#perform(
      key,
      batch.map(({ item }) => item),
    );
    queue.running--;
    if (queue.running === 0 && queue.waiting.length === 0) this.#queues.delete(key);
    else this.#schedule(key, queue);
    for (const [n, { settle }] of batch.entries()) {
      settle(outcomes[n] ?? { status: 'rejected', reason: new Error('an item has no outcome') });
    }
  }
}
