/**
 * Requests in the order in which the process serves them. Each caller has a lane of its own, and
 * the lanes take turns, so that a caller who sends more than the process can serve delays only
 * itself. What would wait for too long is refused at once.
 *
 * A request that waits here waits for this process. How fast the machine is makes no difference
 * while few requests are waiting.
 */
import {
  MAX_AT_ONCE,
  MAX_AT_ONCE_OF_CALLER,
  MAX_QUEUE,
  MAX_QUEUE_MS,
  MAX_WAIT_MS,
  MIN_QUEUE,
  OVERLOAD_MS,
} from '../scim/limits.ts';

interface QueuedRequest {
  /** Milliseconds on the clock of `performance`. */
  readonly arrivedAt: number;
  /** Whether the client has gone. */
  isGone(): boolean;
  /** Responds that the request would wait, or has waited, for too long. */
  refuse(): void;
  /** Resolves with the end of the response. Never rejects. */
  serve(): Promise<unknown>;
}

/** How long requests are begun before the event loop looks for others. */
const TURN_MS = 5;
/** If it takes long to look for others and to refuse them, requests are begun for as long. */
const MAX_TURN_MS = 25;

/**
 * A request that takes longer gives its place away: it waits for a slow client, or for a row that
 * is locked.
 */
const LONG_MS = 1_000;

class Lane {
  readonly waiting: QueuedRequest[] = [];
  /** The requests that hold a place, the oldest first, and since when. */
  readonly serving = new Map<QueuedRequest, number>();
  /** The index of the first one that is waiting. */
  head = 0;
  /** When a request was last refused because it had waited for too long. */
  lateAt = Number.NEGATIVE_INFINITY;

  get length(): number {
    return this.waiting.length - this.head;
  }

  shift(): QueuedRequest | undefined {
    const first = this.waiting[this.head];
    this.head++;
    if (this.head === this.waiting.length || this.head > 1_000) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
    return first;
  }
}

export class RequestQueue {
  readonly #lanes = new Map<string, Lane>();
  readonly #now: () => number;
  #turn = Promise.resolve();
  #waiting = 0;
  #serving = 0;
  #armed = false;
  /** When the last turn ended. */
  #turnedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `now` is the clock of `performance`. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Serves the request in its turn. Returns false if it would wait for too long; then it isn't
   * served. Callers who send little are served soon, and are never refused. After a burst, those
   * that have waited for too long are refused in their turn, so that the ones behind are served in
   * time.
   */
  enter(caller: string, request: QueuedRequest): boolean {
    const lane = this.#lanes.get(caller) ?? new Lane();
    if (this.#isFull(lane, request)) {
      request.refuse();
      return false;
    }
    this.#lanes.set(caller, lane);
    lane.waiting.push(request);
    this.#waiting++;
    this.#arm();
    return true;
  }

  #isFull(lane: Lane, { arrivedAt }: QueuedRequest): boolean {
    const first = lane.waiting[lane.head];
    if (first === undefined || lane.length < MIN_QUEUE) return false;
    const isOverloaded = arrivedAt - lane.lateAt < OVERLOAD_MS;
    return arrivedAt - first.arrivedAt > MAX_QUEUE_MS || (isOverloaded && lane.length >= MAX_QUEUE);
  }

  /** Whether callers other than this one have requests here. */
  hasOthers(caller: string): boolean {
    return this.#lanes.size > (this.#lanes.has(caller) ? 1 : 0);
  }

  /** Resolves when all requests of the current turn have been begun. */
  get turn(): Promise<void> {
    return this.#turn;
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(() => void this.#takeTurns());
  }

  async #takeTurns(): Promise<void> {
    const begun = this.#now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    const end = begun + Math.min(MAX_TURN_MS, Math.max(TURN_MS, begun - this.#turnedAt));
    while (this.#waiting > 0 && this.#now() < end) {
      if (!this.#serveNext()) break;
      // What has been begun continues, and so counts for this turn.
      await undefined;
    }
    resolve();
    this.#turnedAt = this.#now();
    this.#armed = false;
    if (this.#waiting === 0) return;
    if (this.#canServe()) this.#arm();
    else this.#timer ??= setTimeout(() => this.#endWait(), LONG_MS / 10);
  }

  #endWait(): void {
    this.#timer = undefined;
    this.#arm();
  }

  #canServe(): boolean {
    this.#freePlaces();
    return [...this.#lanes.values()].some((lane) => lane.length > 0 && this.#hasPlace(lane));
  }

  #hasPlace(lane: Lane): boolean {
    return this.#serving < MAX_AT_ONCE && lane.serving.size < MAX_AT_ONCE_OF_CALLER;
  }

  #serveNext(): boolean {
    for (const [caller, lane] of this.#lanes) {
      if (lane.length === 0 || !this.#hasPlace(lane)) continue;
      const request = lane.shift();
      this.#waiting--;
      // Others are next.
      this.#lanes.delete(caller);
      this.#lanes.set(caller, lane);
      if (request === undefined || request.isGone()) this.#dropIfEmpty(caller, lane);
      else if (this.#isTooLate(lane, request)) this.#refuseLate(lane, request);
      else this.#serve(caller, lane, request);
      return true;
    }
    return false;
  }

  #isTooLate(lane: Lane, { arrivedAt }: QueuedRequest): boolean {
    return lane.length >= MIN_QUEUE && this.#now() - arrivedAt > MAX_WAIT_MS;
  }

  #refuseLate(lane: Lane, request: QueuedRequest): void {
    lane.lateAt = this.#now();
    request.refuse();
  }

  #serve(caller: string, lane: Lane, request: QueuedRequest): void {
    lane.serving.set(request, this.#now());
    this.#serving++;
    void request.serve().then(() => {
      if (lane.serving.delete(request)) this.#serving--;
      this.#dropIfEmpty(caller, lane);
      if (this.#waiting > 0) this.#arm();
    });
  }

  #dropIfEmpty(caller: string, lane: Lane): void {
    if (lane.length > 0 || lane.serving.size > 0) return;
    if (this.#lanes.get(caller) === lane) this.#lanes.delete(caller);
  }

  #freePlaces(): void {
    const since = this.#now() - LONG_MS;
    for (const lane of this.#lanes.values()) {
      for (const [request, begun] of lane.serving) {
        if (begun > since) break;
        lane.serving.delete(request);
        this.#serving--;
      }
    }
  }
}
