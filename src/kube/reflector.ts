/**
 * Keeps a store equal to the state of the API server: lists, then watches, forever. Anything
 * unexpected, including silence, causes another list. Only the signal ends the loop.
 */
import { Backoff, pause } from './backoff.ts';
import type { Client, ListOptions, WatchEvent } from './client.ts';
import { ApiError } from './errors.ts';
import { interned } from './interning.ts';
import type { WatchLoop } from './manager.ts';
import type { KubeObject } from './resource.ts';
import { pauseAskedBy } from './retry-after.ts';
import { ObjectStore } from './store.ts';
import { type Watched, WatchHealth } from './watch-health.ts';

export interface ReflectorOptions extends Watched {
  readonly client: Client;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Filters what the selectors find, for conditions that no selector can express. */
  readonly wants?: (object: KubeObject) => boolean;
  /** Reads only metadata, for Secrets. */
  readonly metadataOnly?: boolean;
  /**
   * Seconds for which the server keeps a watch open, plus up to half as much. A dead connection is
   * noticed within this time.
   */
  readonly watchSeconds?: number;
  /** A watch that outlives its end by this much is dead. */
  readonly watchdogMs?: number;
}

/** A loop that keeps a store equal to the state of the API server. */
export interface ObjectWatch<T extends KubeObject> extends WatchLoop {
  readonly store: ObjectStore<T>;
  /**
   * Whether lists of the namespace have been refused for a while, so that objects missing from the
   * store may exist.
   */
  isRefusedIn(namespace: string): boolean;
}

const PAGE = 500;
const WATCH_SECONDS = 40;
const WATCHDOG_MS = 10_000;
/** A resourceVersion from the future (etcd restored from a backup) causes silence, not an error. */
const RELIST_INTERVAL_MS = 30 * 60_000;
/**
 * A watch works if it lasts this long or delivers an event. One that ends sooner was effectively
 * refused.
 */
const SHORTEST_WATCH_MS = 1_000;

export class Reflector<T extends KubeObject = KubeObject> implements ObjectWatch<T> {
  readonly store: ObjectStore<T>;
  readonly #options: ReflectorOptions;
  readonly #health: WatchHealth;
  readonly #backoff = new Backoff(200, 10_000);
  #synced: (() => void) | undefined;
  #lastAttempt = 0;

  /** Resolves after the first complete list, or when `whenRefused` applies. */
  readonly synced: Promise<void>;

  /** Several reflectors, each for its own namespace, may fill one store. */
  constructor(options: ReflectorOptions, store = new ObjectStore<T>()) {
    this.#options = options;
    this.store = store;
    this.#health = new WatchHealth(options);
    this.synced = new Promise((resolve) => {
      this.#synced = resolve;
    });
  }

  get isSynced(): boolean {
    return this.#synced === undefined;
  }

  /** Whether lists have been refused, or the type unknown, for a while. */
  get isRefused(): boolean {
    return this.#health.isRefused;
  }

  isRefusedIn(): boolean {
    return this.#health.isRefused;
  }

  refusal(): string | undefined {
    return this.#health.refusal();
  }

  /**
   * Why the loop is stuck, if it is: it neither received an event nor retried for longer than it
   * ever waits.
   */
  stuck(now: number): string | undefined {
    const limit = this.#watchSeconds() * 1500 + 2 * this.#watchdogMs() + 60_000;
    const silence = now - this.#lastAttempt;
    if (this.#lastAttempt === 0 || silence <= limit) return undefined;
    const { plural } = this.#options.resource;
    return `the watch of ${plural} has made no progress for ${Math.round(silence / 1000)} s`;
  }

  /** Calls the listener when a failed watch works again. Returns a function that stops this. */
  onRestored(listener: () => void): () => void {
    return this.#health.onRestored(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#listAndWatch(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#afterFailure(error, signal);
      }
    }
  }

  async #listAndWatch(signal: AbortSignal): Promise<void> {
    let resourceVersion = await this.#list(signal).catch((error: unknown) => {
      if (this.#health.listFailed(error)) this.#doWithout();
      throw error;
    });
    const relistAt = performance.now() + RELIST_INTERVAL_MS;
    while (!signal.aborted && performance.now() < relistAt) {
      resourceVersion = await this.#watch(resourceVersion, signal);
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, resource, namespace, metrics } = this.#options;
    const items: T[] = [];
    let page: { resourceVersion?: string; continue?: string } = {};
    do {
      this.#lastAttempt = performance.now();
      const options: ListOptions = { ...this.#scope(), limit: PAGE, signal };
      const list = await client.list<T>(resource, { ...options, continue: page.continue });
      items.push(...(list.items ?? []).filter(this.#wants).map(forStore));
      page = list.metadata;
    } while (page.continue);
    this.#health.listed();
    this.store.replace(items, namespace);
    metrics?.relists.inc({ resource: resource.plural });
    this.#noteSynced();
    return page.resourceVersion ?? '';
  }

  #noteSynced(): void {
    this.#synced?.();
    this.#synced = undefined;
  }

  #doWithout(): void {
    if (!this.#options.keepsWhenRefused) this.store.replace([]);
    this.#noteSynced();
  }

  /** Watches until the server ends the watch. Returns the resourceVersion to continue from. */
  async #watch(from: string, signal: AbortSignal): Promise<string> {
    const { client, resource } = this.#options;
    const timeoutSeconds = Math.round(this.#watchSeconds() * (1 + Math.random() / 2));
    const deadline = AbortSignal.timeout(timeoutSeconds * 1000 + this.#watchdogMs());
    let resourceVersion = from;
    const started = performance.now();
    this.#lastAttempt = started;
    const events = client.watch(
      resource,
      { ...this.#scope(), resourceVersion, timeoutSeconds },
      AbortSignal.any([signal, deadline]),
    );
    // A list alone doesn't end the trouble. The watch after it must work.
    const holds = setTimeout(() => this.#noteWell(), SHORTEST_WATCH_MS);
    try {
      for await (const event of events) {
        this.#lastAttempt = performance.now();
        resourceVersion = this.#take(event);
        this.#noteWell();
      }
    } finally {
      clearTimeout(holds);
    }
    if (resourceVersion === from && performance.now() - started < SHORTEST_WATCH_MS) {
      throw new ApiError(0, `watch ${resource.plural}: ended immediately`);
    }
    return resourceVersion;
  }

  #take({ type, object }: WatchEvent): string {
    if (type === 'ERROR') {
      throw new ApiError(object.code ?? 500, `watch: ${object.message ?? 'an error event'}`);
    }
    const { resourceVersion } = object.metadata;
    if (resourceVersion === undefined)
      throw new ApiError(0, 'watch: an event without resourceVersion');
    if ((type === 'ADDED' || type === 'MODIFIED') && this.#wants(object as KubeObject))
      this.store.set(forStore(object as KubeObject as T));
    else if (type === 'DELETED' || type === 'ADDED' || type === 'MODIFIED')
      this.store.delete(object as KubeObject as T);
    else if (type !== 'BOOKMARK') throw new ApiError(0, `watch: an event of type ${type}`);
    return resourceVersion;
  }

  async #afterFailure(error: unknown, signal: AbortSignal): Promise<void> {
    this.#health.failed(error);
    const wait = Math.max(this.#backoff.next(), pauseAskedBy(error));
    await pause(Math.min(wait, this.#health.undecidedMs()), signal);
    this.#lastAttempt = performance.now();
  }

  #noteWell(): void {
    this.#backoff.reset();
    this.#health.works(this.store.size);
  }

  readonly #wants = (object: KubeObject): boolean => this.#options.wants?.(object) !== false;

  #scope() {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    return { namespace, labelSelector, fieldSelector, metadataOnly };
  }

  #watchdogMs(): number {
    return this.#options.watchdogMs ?? WATCHDOG_MS;
  }

  #watchSeconds(): number {
    return this.#options.watchSeconds ?? WATCH_SECONDS;
  }
}

/**
 * Nothing reads managedFields from the store, and they are the larger part of most objects. Returns
 * a copy, because an object with a deleted property uses more memory.
 */
function forStore<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return interned({ ...object, metadata });
}
