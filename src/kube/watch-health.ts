/**
 * The troubles of a watch: how long its lists have been refused, what the log and the metrics say
 * about them, and when they are over.
 */
import type { Logger } from '../logger.ts';
import { Outage } from '../outage.ts';
import { isExpired, isForbidden, isResourceTypeMissing, isUnavailable } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import type { ResourceDefinition } from './resource.ts';

export interface Watched {
  readonly resource: ResourceDefinition;
  readonly namespace?: string | undefined;
  /**
   * Makes the resource optional. If the list stays forbidden or the type stays unknown, this is
   * logged and the list counts as empty. Without this option, the reflector keeps waiting.
   */
  readonly whenRefused?: string;
  /**
   * With `whenRefused`, keeps the known objects while the list is refused, because a refusal says
   * nothing about which objects exist.
   */
  readonly keepsWhenRefused?: boolean;
  readonly log: Logger;
  readonly metrics?: KubeMetrics;
}

/** A starting API server forbids everything for a moment. */
const REFUSAL_MS = 3_000;

export class WatchHealth {
  readonly #watched: Watched;
  readonly #log: Logger;
  readonly #outage = new Outage();
  /** When lists began to be refused; undefined if the last one was not. */
  #refusedAt: number | undefined;
  #isRefused = false;
  /** True from the first refusal of a list or watch until a watch works. */
  #isRefusedNow = false;
  readonly #restored = new Set<() => void>();

  constructor(watched: Watched) {
    this.#watched = watched;
    const { resource, namespace, log, metrics } = watched;
    this.#log = log.child({
      resource: resource.plural,
      ...(namespace === undefined ? {} : { namespace }),
    });
    metrics?.watchErrors.inc({ resource: resource.plural }, 0);
    metrics?.refusedWatches.inc({ resource: resource.plural }, 0);
  }

  /** Whether lists have been refused, or the type unknown, for a while. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** A message about what is missing, unless it is optional. */
  refusal(): string | undefined {
    const { resource, namespace, whenRefused, keepsWhenRefused } = this.#watched;
    const isOptional = whenRefused !== undefined && !keepsWhenRefused;
    if (!this.#isRefusedNow || isOptional) return undefined;
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
    return `${resource.plural}${where} cannot be watched; see the log`;
  }

  onRestored(listener: () => void): () => void {
    this.#restored.add(listener);
    return () => this.#restored.delete(listener);
  }

  listed(): void {
    this.#refusedAt = undefined;
    this.#isRefused = false;
  }

  /** Returns true once, when the refusal of an optional resource has lasted long enough. */
  listFailed(error: unknown): boolean {
    const { whenRefused } = this.#watched;
    if (whenRefused === undefined || this.#isRefused) return false;
    if (!isRefusal(error)) {
      this.#refusedAt = undefined;
      return false;
    }
    this.#refusedAt ??= performance.now();
    if (performance.now() - this.#refusedAt < REFUSAL_MS) return false;
    this.#log.warn({ reason: describe(error) }, whenRefused);
    this.#outage.begins(describe(error));
    this.#isRefused = true;
    return true;
  }

  /** A list or a watch failed. */
  failed(error: unknown): void {
    // An expired version is the server's usual way to request a new list, and not an error.
    if (!isExpired(error)) this.#noteTrouble(error);
    if (isRefusal(error)) this.#setRefusedNow(true);
  }

  /** Milliseconds until a refusal counts, for which the start of an operator may be waiting. */
  undecidedMs(): number {
    return this.#refusedAt === undefined || this.#isRefused
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.#refusedAt + REFUSAL_MS - performance.now());
  }

  /** A watch works, and the store has this many objects. */
  works(objects: number): void {
    this.#setRefusedNow(false);
    if (!this.#outage.ends()) return;
    this.#log.info({ objects }, 'watch was restored');
    for (const listener of this.#restored) listener();
  }

  #noteTrouble(error: unknown): void {
    const { metrics, resource } = this.#watched;
    metrics?.watchErrors.inc({ resource: resource.plural });
    // It is not clear yet whether it stays refused.
    if (this.#refusedAt !== undefined && !this.#isRefused) return;
    const trouble = isUnavailable(error) ? 'unavailable' : describe(error);
    if (this.#outage.begins(trouble)) this.#log.warn({ reason: describe(error) }, 'watch was lost');
  }

  #setRefusedNow(isRefusedNow: boolean): void {
    if (this.#isRefusedNow === isRefusedNow) return;
    this.#isRefusedNow = isRefusedNow;
    const { metrics, resource } = this.#watched;
    metrics?.refusedWatches.inc({ resource: resource.plural }, isRefusedNow ? 1 : -1);
  }
}

const isRefusal = (error: unknown): boolean => isForbidden(error) || isResourceTypeMissing(error);

function describe(error: unknown): string {
  if (isResourceTypeMissing(error))
    return 'the API server does not serve this resource; apply its CRD';
  return error instanceof Error ? error.message : String(error);
}
