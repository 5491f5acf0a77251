/**
 * Keys that come due later, with one timer for all of them: a timer for each of thousands takes
 * much more memory.
 */

interface Entry {
  readonly key: string;
  /** Monotonic, in milliseconds. */
  readonly due: number;
}

/** Timers with a longer delay fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class DelayedKeys {
  readonly #onDue: (key: string) => void;
  readonly #planned = new Map<string, Entry>();
  /** A binary heap, earliest first. An entry that is no longer planned is skipped. */
  #heap: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(onDue: (key: string) => void) {
    this.#onDue = onDue;
  }

  /**
   * If a key has several delays, the shortest one counts. NaN counts as no delay: an entry that is
   * never due would keep the timer firing.
   */
  add(key: string, delayMs: number): void {
    const due = performance.now() + (delayMs >= 0 ? delayMs : 0);
    const planned = this.#planned.get(key);
    if (planned !== undefined && planned.due <= due) return;
    const entry = { key, due };
    this.#planned.set(key, entry);
    if (this.#heap.length > 2 * this.#planned.size) this.#rebuild();
    else rise(this.#heap, entry);
    this.#schedule();
  }

  has(key: string): boolean {
    return this.#planned.has(key);
  }

  clear(): void {
    this.#planned.clear();
    this.#heap = [];
    this.#schedule();
  }

  /** Drops the entries that are no longer planned. A sorted list is a heap. */
  #rebuild(): void {
    this.#heap = [...this.#planned.values()].sort((a, b) => a.due - b.due);
  }

  #schedule(): void {
    const due = this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
    if (due === this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    if (due === Number.POSITIVE_INFINITY) return;
    // Timers round down.
    const wait = Math.max(0, Math.ceil(due - performance.now()));
    this.#timer = setTimeout(() => this.#fire(), Math.min(wait, LONGEST_TIMER_MS));
  }

  #fire(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (let [first] = this.#heap; first !== undefined && first.due <= now; [first] = this.#heap) {
      removeFirst(this.#heap);
      if (this.#planned.get(first.key) !== first) continue;
      this.#planned.delete(first.key);
      this.#onDue(first.key);
    }
    this.#schedule();
  }
}

function rise(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || parent.due <= entry.due) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = entry;
}

function removeFirst(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]];
    if (left === undefined) break;
    const isRight = right !== undefined && right.due < left.due;
    const least = isRight ? right : left;
    if (least.due >= last.due) break;
    heap[index] = least;
    index = 2 * index + (isRight ? 2 : 1);
  }
  heap[index] = last;
}
