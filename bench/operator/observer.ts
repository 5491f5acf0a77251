/** Observes with its own watches which integrations are Ready and which Secrets exist. */

import { LABEL_MANAGED_BY, MANAGED_BY, SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import type { Client } from '../../src/kube/client.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import {
  type KubeObject,
  keyOf,
  keyText,
  type ObjectKey,
  SECRETS,
} from '../../src/kube/resource.ts';
import { createLogger } from '../../src/logger.ts';

export type Check = (integration: KubeIntegration) => boolean;

/** Whether the operator has seen the latest spec and the integration is Ready. */
export const isReady: Check = ({ metadata, status }) =>
  status?.observedGeneration === metadata.generation &&
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

interface Wait<T> {
  readonly check: (seen: T) => boolean;
  readonly seen: (at: number) => void;
}

export class Observer {
  readonly #integrations: Reflector<KubeIntegration>;
  readonly #secrets: Reflector<KubeObject>;
  readonly #stop = new AbortController();
  readonly #ready = new Set<string>();
  readonly #waits = new Map<string, Wait<KubeIntegration>>();
  readonly #secretWaits = new Map<string, (at: number) => void>();
  #reached: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(client: Client) {
    const log = createLogger('warn');
    this.#integrations = new Reflector({ client, log, resource: SCIM_INTEGRATIONS });
    const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY}`;
    this.#secrets = new Reflector({
      client,
      log,
      resource: SECRETS,
      labelSelector,
      metadataOnly: true,
    });
    this.#integrations.store.onChange(({ type, object }) => {
      const key = keyText(keyOf(object));
      if (type !== 'deleted' && isReady(object)) this.#ready.add(key);
      else this.#ready.delete(key);
      const wait = this.#waits.get(key);
      if (wait?.check(object)) wait.seen(performance.now());
      if (this.#reached && this.#ready.size >= this.#reached.count) this.#reached.resolve();
    });
    this.#secrets.store.onChange(({ type, object }) => {
      if (type === 'deleted') this.#secretWaits.get(keyText(keyOf(object)))?.(performance.now());
    });
  }

  async start(): Promise<void> {
    for (const reflector of [this.#integrations, this.#secrets]) {
      void reflector.run(this.#stop.signal);
      await reflector.synced;
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  get ready(): number {
    return this.#ready.size;
  }

  /** Resolves when this many integrations are Ready. */
  async reach(count: number): Promise<void> {
    if (this.#ready.size >= count) return;
    await new Promise<void>((resolve) => {
      this.#reached = { count, resolve };
    });
    this.#reached = undefined;
  }

  /**
   * Resolves with the `performance.now()` at which the check passed, or infinity at the deadline.
   */
  sees(key: ObjectKey, check: Check, deadlineMs: number): Promise<number> {
    return this.#within(deadlineMs, this.#waits, keyText(key), (seen) => ({ check, seen }));
  }

  /** Resolves when the Secret is gone, with the same kind of time as `sees`. */
  seesNoSecret(key: ObjectKey, deadlineMs: number): Promise<number> {
    return this.#within(deadlineMs, this.#secretWaits, keyText(key), (seen) => seen);
  }

  #within<T>(
    deadlineMs: number,
    waits: Map<string, T>,
    key: string,
    waitFor: (seen: (at: number) => void) => T,
  ): Promise<number> {
    return new Promise((resolve) => {
      const finish = (at: number) => {
        clearTimeout(timer);
        waits.delete(key);
        resolve(at);
      };
      const timer = setTimeout(() => finish(Number.POSITIVE_INFINITY), deadlineMs);
      waits.set(key, waitFor(finish));
    });
  }
}
