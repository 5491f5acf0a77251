/** The objects that a reflector knows, by key. They are shared, so never change them. */
import { type KubeObject, keyOf, keyText, type ObjectKey } from './resource.ts';

export interface ObjectChange<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
}

type ChangeHandler<T> = (change: ObjectChange<T>) => void;

export class ObjectStore<T extends KubeObject> {
  /** By namespace (empty for cluster-scoped objects), then by name. */
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #handlers = new Set<ChangeHandler<T>>();

  /**
   * Calls the handler for every existing object, as added, and for every later change. Returns a
   * function that stops this. Handlers only note what to reconcile. They must be quick and must not
   * throw.
   */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.list()) handler({ type: 'added', object });
    return () => this.#handlers.delete(handler);
  }

  get(key: ObjectKey): T | undefined {
    return this.#namespaces.get(key.namespace ?? '')?.get(key.name);
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  get size(): number {
    return [...this.#namespaces.values()].reduce((sum, { size }) => sum + size, 0);
  }

  set(object: T): void {
    const { namespace = '', name, resourceVersion } = object.metadata;
    const objects = this.#namespaces.get(namespace) ?? new Map<string, T>();
    if (objects.size === 0) this.#namespaces.set(namespace, objects);
    const known = objects.get(name);
    objects.set(name, object);
    if (known !== undefined && known.metadata.resourceVersion === resourceVersion) return;
    this.#tell({ type: known === undefined ? 'added' : 'modified', object });
  }

  delete(object: T): void {
    const { namespace = '', name } = object.metadata;
    const objects = this.#namespaces.get(namespace);
    if (!objects?.delete(name)) return;
    if (objects.size === 0) this.#namespaces.delete(namespace);
    this.#tell({ type: 'deleted', object });
  }

  /**
   * Takes a full list, of one namespace if given. Objects that are no longer in it were deleted
   * while nobody watched.
   */
  replace(objects: readonly T[], namespace?: string): void {
    const listed = new Set(objects.map((object) => keyText(keyOf(object))));
    const gone = this.list(namespace).filter((object) => !listed.has(keyText(keyOf(object))));
    for (const object of gone) this.delete(object);
    for (const object of objects) this.set(object);
  }

  #tell(change: ObjectChange<T>): void {
    for (const handler of this.#handlers) handler(change);
  }
}
