/**
 * Watches of our objects whose label something removes during the write. The other watches of the
 * operator select by that label, so each of these objects is watched by its name.
 */
import { LABEL_MANAGED_BY, MANAGED_BY } from '../crd/names.ts';
import type { Client } from '../kube/client.ts';
import { Reflector } from '../kube/reflector.ts';
import { type KubeObject, keyOf, keyText, type ResourceDefinition } from '../kube/resource.ts';
import type { Logger } from '../logger.ts';

/** Each is a connection. Further objects are contended and are checked every 30 seconds instead. */
const MAX_WATCHES = 100;

interface UnlabelledOptions {
  readonly client: Client;
  readonly log: Logger;
  /** Ends all watches. */
  readonly signal: AbortSignal;
}

type Listener = (resource: ResourceDefinition, object: KubeObject) => void;

export class UnlabelledWatches {
  readonly #options: UnlabelledOptions;
  readonly #watches = new Map<string, AbortController>();
  readonly #listeners = new Set<Listener>();

  constructor(options: UnlabelledOptions) {
    this.#options = options;
  }

  /** Calls the listener on each change of such an object. Returns a function that stops this. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes one of our objects as the API server returned it. */
  note(resource: ResourceDefinition, object: KubeObject): void {
    const key = `${resource.kind} ${keyText(keyOf(object))}`;
    const isLabelled = object.metadata.labels?.[LABEL_MANAGED_BY] === MANAGED_BY;
    if (isLabelled) this.#end(key);
    else if (!this.#watches.has(key) && this.#watches.size < MAX_WATCHES)
      this.#begin(key, resource, object);
  }

  #begin(key: string, resource: ResourceDefinition, { metadata }: KubeObject): void {
    const { client, log, signal } = this.#options;
    const { namespace, name } = metadata;
    const stop = new AbortController();
    const fieldSelector = `metadata.name=${name}`;
    const scope = { resource, namespace, fieldSelector, metadataOnly: true };
    const reflector = new Reflector({ client, log, ...scope });
    reflector.store.onChange(({ type, object }) => {
      if (type === 'deleted') this.#end(key);
      for (const listener of this.#listeners) listener(resource, object);
    });
    this.#watches.set(key, stop);
    void reflector.run(AbortSignal.any([signal, stop.signal]));
  }

  #end(key: string): void {
    this.#watches.get(key)?.abort();
    this.#watches.delete(key);
  }
}
