/**
 * One store for several namespaces, each with its own reflector, so that a refused or missing
 * namespace doesn't hold up the others.
 */
import { type ObjectWatch, Reflector, type ReflectorOptions } from './reflector.ts';
import type { KubeObject } from './resource.ts';
import { ObjectStore } from './store.ts';

interface NamespacedReflectorOptions extends Omit<ReflectorOptions, 'namespace'> {
  readonly namespaces: readonly string[];
}

export class NamespacedReflector<T extends KubeObject> implements ObjectWatch<T> {
  readonly store = new ObjectStore<T>();
  readonly synced: Promise<void>;
  readonly #reflectors: ReadonlyMap<string, Reflector<T>>;

  constructor({ namespaces, ...options }: NamespacedReflectorOptions) {
    this.#reflectors = new Map(
      namespaces.map((namespace) => [
        namespace,
        new Reflector<T>({ ...options, namespace }, this.store),
      ]),
    );
    this.synced = Promise.all(this.#all.map(({ synced }) => synced)).then(() => undefined);
  }

  get isSynced(): boolean {
    return this.#all.every(({ isSynced }) => isSynced);
  }

  isRefusedIn(namespace: string): boolean {
    return this.#reflectors.get(namespace)?.isRefused ?? true;
  }

  refusal(): string | undefined {
    return firstOf(this.#all, (reflector) => reflector.refusal());
  }

  stuck(now: number): string | undefined {
    return firstOf(this.#all, (reflector) => reflector.stuck(now));
  }

  onRestored(listener: () => void): () => void {
    const detach = this.#all.map((reflector) => reflector.onRestored(listener));
    return () => {
      for (const each of detach) each();
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all.map((reflector) => reflector.run(signal)));
  }

  get #all(): readonly Reflector<T>[] {
    return [...this.#reflectors.values()];
  }
}

function firstOf<T>(
  items: readonly T[],
  read: (item: T) => string | undefined,
): string | undefined {
  return items.map(read).find((reason) => reason !== undefined);
}
