/** Records every version of an object, in the order in which a watch reports them. */
import type { Client, WatchEvent } from '../../../src/kube/client.ts';
import {
  type KubeObject,
  keyText,
  type ObjectKey,
  type ResourceDefinition,
} from '../../../src/kube/resource.ts';
import { eventually } from '../eventually.ts';

export class VersionLog<T extends KubeObject> {
  readonly #versions: { readonly type: WatchEvent['type']; readonly object: T }[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(running: (log: VersionLog<T>, signal: AbortSignal) => Promise<void>) {
    this.#running = running(this, this.#stop.signal);
  }

  /** Starts recording. */
  static async of<T extends KubeObject>(
    client: Client,
    resource: ResourceDefinition,
    key: ObjectKey,
  ): Promise<VersionLog<T>> {
    const { namespace } = key;
    const { metadata } = await client.list(resource, { namespace, limit: 1 });
    const { resourceVersion = '' } = metadata;
    const options = { namespace, resourceVersion, timeoutSeconds: 600 };
    return new VersionLog<T>(async (log, signal) => {
      for await (const { type, object } of client.watch(resource, options, signal))
        if (keyText(object.metadata) === keyText(key))
          log.#versions.push({ type, object: object as KubeObject as T });
    });
  }

  /**
   * Waits for a version that passes `check`, and returns all up to it. The next call continues
   * there.
   */
  async until(check: (object: T, type: WatchEvent['type']) => void): Promise<readonly T[]> {
    const end = await eventually(() => {
      const found = this.#versions.findIndex(({ type, object }) => {
        try {
          check(object, type);
          return true;
        } catch {
          return false;
        }
      });
      if (found < 0) throw new Error(`not yet: ${JSON.stringify(this.#versions.at(-1))}`);
      return found;
    });
    return this.#versions.splice(0, end + 1).map(({ object }) => object);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => undefined);
  }
}
