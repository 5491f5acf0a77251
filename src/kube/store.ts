/** What a reflector knows: the objects by key. Objects are shared: read them, never change them. */
import { type KubeObject, keyOf, keyText, type ObjectKey } from './resource.ts';

export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
}

export type ChangeHandler<T> = (change: Change<T>) => void;

export class ObjectStore<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #handlers: ChangeHandler<T>[] = [];

  /** Handlers only note what to look at: they must be quick and must not throw. */
  onChange(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyText(key));
  }

  list(namespace?: string): readonly T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined
      ? all
      : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  get size(): number {
    return this.#objects.size;
  }

  set(object: T): void {
    const key = keyText(keyOf(object));
    const known = this.#objects.get(key);
    this.#objects.set(key, object);
    if (known?.metadata.resourceVersion === object.metadata.resourceVersion && known) return;
    this.#tell({ type: known === undefined ? 'added' : 'modified', object });
  }

  delete(object: T): void {
    if (this.#objects.delete(keyText(keyOf(object)))) this.#tell({ type: 'deleted', object });
  }

  /** Takes a full list: what isn't in it any more was deleted while nobody watched. */
  replace(objects: readonly T[]): void {
    const listed = new Set(objects.map((object) => keyText(keyOf(object))));
    const gone = [...this.#objects].filter(([key]) => !listed.has(key));
    for (const [, object] of gone) this.delete(object);
    for (const object of objects) this.set(object);
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) handler(change);
  }
}
