/** Every version of one object that the API server has had, in order, as whoever watches it sees them. */
import type { Client, WatchEvent } from '../../src/kube/client.ts';
import {
  type KubeObject,
  keyText,
  type ObjectKey,
  type ResourceDefinition,
} from '../../src/kube/resource.ts';
import { eventually } from './eventually.ts';

export class VersionLog<T extends KubeObject> {
  readonly #versions: { readonly type: WatchEvent['type']; readonly object: T }[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(running: (log: VersionLog<T>, signal: AbortSignal) => Promise<void>) {
    this.#running = running(this, this.#stop.signal);
  }

  /** From now on. */
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

  /** Waits for one that `check` doesn't throw at, and answers all up to it; the next call goes on after that. */
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
