/**
 * Keeps installations in one cluster apart. Two with different directories must not manage the same
 * object, or each would undo what the other does. The status of an object says whose it is.
 */
import { createHmac } from 'node:crypto';
import type { DirectoryMark } from '../crd/directory-mark.ts';
import { EVENT } from '../crd/reasons.ts';
import type { EventRecorder } from '../kube/events.ts';
import { type KubeObject, keyText } from '../kube/resource.ts';
import type { ObjectChange } from '../kube/store.ts';
import type { Logger } from '../logger.ts';

type Marked = KubeObject & {
  readonly status?: { readonly directory?: DirectoryMark | undefined } | undefined;
};

interface DirectoryMarksOptions {
  /** Known only to the processes that share the directory. */
  readonly directoryKey: string;
  readonly clusterUid: string;
  /** As namespace/name; undefined without an election, because there is no other operator. */
  readonly lease: string | undefined;
  readonly log: Logger;
}

export class DirectoryMarks {
  /** For the status of the objects that this installation manages. */
  readonly ours: DirectoryMark;
  readonly #log: Logger;
  /** UIDs of objects that had our mark. */
  readonly #held = new Set<string>();
  /** The objects left to another installation, with the reason. */
  readonly #others = new Map<string, string>();
  /** Keys of objects that the watch shows with the mark of another directory and our Lease. */
  readonly #foreign = new Set<string>();
  readonly #told = new Set<string>();
  #leads = false;

  constructor({ directoryKey, clusterUid, lease = '', log }: DirectoryMarksOptions) {
    const id = createHmac('sha256', directoryKey).update('id of the directory').digest('hex');
    this.ours = { id: id.slice(0, 16), cluster: clusterUid, lease };
    this.#log = log;
  }

  /** Notes that a term began or ended. */
  leads(leads: boolean): void {
    this.#leads = leads;
    this.#others.clear();
  }

  /**
   * Returns why the object is left alone, or undefined if it is ours. An object that an earlier
   * directory managed is taken over if its operator can't be running any more, because we hold the
   * same Lease or there is no other operator. If the object then gets the other mark again, there
   * is another operator after all.
   */
  reasonToLeave(object: Marked): string | undefined {
    const key = `${object.kind} ${keyText(object.metadata)}`;
    const { uid = '' } = object.metadata;
    const mark = object.status?.directory;
    if (!this.#isForeign(mark)) {
      if (mark !== undefined) this.#held.add(uid);
      this.#others.delete(key);
      return undefined;
    }
    const isFree = this.ours.lease === '' || this.ours.lease === mark.lease;
    if (isFree && !this.#held.has(uid)) {
      this.#others.delete(key);
      return undefined;
    }
    return this.#leave(key, mark);
  }

  /** Notes that our mark was written. The watch may still show the other mark for a moment. */
  hold({ metadata: { uid = '' } }: KubeObject): void {
    this.#held.add(uid);
  }

  /** Takes what a standby sees. The leader must use our directory. */
  observe({ type, object }: Pick<ObjectChange<Marked>, 'type' | 'object'>): void {
    const mark = object.status?.directory;
    const key = keyText(object.metadata);
    const isForeign = this.#isForeign(mark) && mark.lease === this.ours.lease;
    if (isForeign && type !== 'deleted') this.#foreign.add(key);
    else this.#foreign.delete(key);
    if (this.#leads) return;
    if (this.#foreign.size === 0) this.#others.delete('');
    else if (isForeign) this.#leave('', mark);
  }

  /** Notes that the object is gone. */
  forget(kind: string, key: { readonly namespace?: string; readonly name: string }): void {
    this.#others.delete(`${kind} ${keyText(key)}`);
  }

  /** Number of objects left to another installation. */
  get others(): number {
    return this.#others.size;
  }

  /** Why this installation doesn't manage everything that it should; undefined if it does. */
  unready(): string | undefined {
    const [first] = this.#others.values();
    return first;
  }

  #isForeign(mark: DirectoryMark | undefined): mark is DirectoryMark {
    return mark !== undefined && mark.cluster === this.ours.cluster && mark.id !== this.ours.id;
  }

  #leave(key: string, { id, lease }: DirectoryMark): string {
    const directory = `the directory ${id}${lease === '' ? '' : ` (Lease ${lease})`}`;
    const reason =
      key === ''
        ? `the leading operator uses ${directory}, and this one uses ${this.ours.id}; give all ` +
          'operators of one Lease the same --database-url'
        : `${key} is managed by another installation, with ${directory}, and was left alone; ` +
          'give both installations the same database, or keep their --watch-namespaces apart; ' +
          'if the other installation is gone, remove status.directory';
    this.#others.set(key, reason);
    if (!this.#told.has(`${id} ${key === ''}`)) this.#log.error({ directory: id, lease }, reason);
    this.#told.add(`${id} ${key === ''}`);
    return reason;
  }
}

interface Marking {
  readonly marks: DirectoryMarks;
  readonly events: EventRecorder;
}

/** Whether another installation manages the object. Records an event only when this begins. */
export function isLeftToAnother({ marks, events }: Marking, object: Marked): boolean {
  const before = marks.others;
  const reason = marks.reasonToLeave(object);
  if (reason !== undefined && marks.others > before) {
    const event = { reason: EVENT.OtherInstallation, action: 'Reconcile', note: reason };
    events.record(object, { type: 'Warning', ...event });
  }
  return reason !== undefined;
}
