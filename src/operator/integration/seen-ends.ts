/**
 * Remembers the deletions of integrations that a watch has shown. An integration that was seen to
 * end never counts as restored, however soon its name is reused.
 */
import type { KubeIntegration } from '../../crd/objects.ts';
import { keyOf, keyText, type ObjectKey } from '../../kube/resource.ts';
import type { ObjectStore } from '../../kube/store.ts';
import { isGoing } from '../ownership.ts';

/** A standby sees ends that only a leader acts on, so the oldest are forgotten. */
const MAX_KEYS = 10_000;

export class SeenEnds {
  /** UIDs by the key of the resource, oldest first. */
  readonly #uids = new Map<string, readonly string[]>();

  constructor(cache: ObjectStore<KubeIntegration>) {
    cache.onChange(({ type, object }) => {
      if (type === 'deleted' || isGoing(object)) this.#note(object);
    });
  }

  /** Returns the UIDs of the ended resources that had the name. */
  of(key: ObjectKey): readonly string[] {
    return this.#uids.get(keyText(key)) ?? [];
  }

  /** Called when these ends have been dealt with. */
  forget(key: ObjectKey, uids: readonly string[]): void {
    const left = this.of(key).filter((uid) => !uids.includes(uid));
    if (left.length === 0) this.#uids.delete(keyText(key));
    else this.#uids.set(keyText(key), left);
  }

  #note(object: KubeIntegration): void {
    const { uid } = object.metadata;
    const key = keyOf(object);
    if (this.of(key).includes(uid)) return;
    this.#uids.set(keyText(key), [...this.of(key), uid]);
    const [oldest] = this.#uids.keys();
    if (this.#uids.size > MAX_KEYS && oldest !== undefined) this.#uids.delete(oldest);
  }
}
