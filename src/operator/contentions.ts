/**
 * Objects that something else changes whenever the operator corrects them, or during admission.
 * Each correction that is undone makes the next one wait longer, so that two controllers that
 * disagree cost the cluster next to nothing. Users are told which field is contended.
 */

import { hash } from 'node:crypto';
import { differenceIn, isAsDesired } from '../kube/drift.ts';
import type { KubeObject, ResourceDefinition } from '../kube/resource.ts';
import { managerOf } from './field-managers.ts';

/** The history of an object that was corrected. */
interface Contest {
  /** Number of corrections in a row, without calm in between. */
  readonly strikes: number;
  /** Monotonic, in milliseconds: when it was last corrected. */
  readonly at: number;
  /** How long the next correction waits. */
  readonly delayMs: number;
  /** Whether the write itself was changed, during admission. */
  readonly isMutated: boolean;
  /** Empty unless it is contended. */
  readonly message: string;
  /** Stands for the owners that were written. */
  readonly owners: string;
}

/** This many corrections in a row may be caused by a user at work. */
const FREE = 5;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 5 * 60_000;
/** The mutating rule may have been removed by then. */
const MUTATED_DELAY_MS = 30_000;
/** An object that is undisturbed for this long after the delay is no longer contended. */
const CALM_MS = 20_000;
/** Number of owners from which on those that nothing disturbs any more are dropped. */
const SWEEP_SIZE = 1_024;

/** A correction: the request and its result. */
interface Correction<T extends KubeObject> {
  readonly resource: ResourceDefinition;
  /** The object before the correction; undefined if it didn't exist. */
  readonly before: T | undefined;
  readonly desired: T;
  /** The API server's response. */
  readonly written: T;
  /** Which part, for an object that is written in parts. */
  readonly part?: string;
}

export class Contentions {
  readonly #clock: () => number;
  /** By owner, such as the UID of an integration, and object. */
  readonly #contests = new Map<string, Map<string, Contest>>();

  #sweepAt = SWEEP_SIZE;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Returns why the object must not be corrected yet, or undefined if it may be. */
  postponed(
    owner: string,
    resource: ResourceDefinition,
    name: string,
    part?: string,
  ): string | undefined {
    const contest = this.#contests.get(owner)?.get(keyOf(resource, name, part));
    return contest && this.#clock() < contest.at + contest.delayMs ? contest.message : undefined;
  }

  /**
   * Counts a correction, unless the object only got other owners: the Role of a namespace is written
   * whenever an integration is created there. Returns a message if the response differs from the
   * request, which means that nothing was corrected.
   */
  note<T extends KubeObject>(owner: string, correction: Correction<T>): string | undefined {
    const { resource, before, desired, written, part } = correction;
    const lost = differenceIn(written, desired);
    const key = keyOf(resource, desired.metadata.name, part);
    const owners = digestOf(desired.metadata.ownerReferences);
    const contests = this.#contests.get(owner) ?? new Map<string, Contest>();
    const last = contests.get(key);
    const isOther =
      lost === undefined &&
      last !== undefined &&
      last.owners !== owners &&
      differsOnlyInOwners(before, desired);
    const contest = isOther ? last : this.#strike(last, correction, lost);
    this.#sweep();
    this.#contests.set(owner, contests.set(key, { ...contest, owners }));
    return lost === undefined ? undefined : contest.message;
  }

  /** Notes that the object has its desired form, with or without a write. */
  settled(owner: string, resource: ResourceDefinition, name: string): undefined {
    const contests = this.#contests.get(owner);
    const key = keyOf(resource, name);
    if (contests?.get(key)?.isMutated) contests.delete(key);
    if (contests?.size === 0) this.#contests.delete(owner);
    return undefined;
  }

  /** Messages about what others change; empty while nothing is contended. */
  of(owner: string): readonly string[] {
    const contests = [...(this.#contests.get(owner)?.values() ?? [])];
    return contests.filter((each) => this.#isContended(each)).map(({ message }) => message);
  }

  /**
   * When to reconcile the owner again: when a correction has waited long enough, or when the calm
   * may have lasted long enough.
   */
  nextLookMs(owner: string): number | undefined {
    const now = this.#clock();
    const waits = [...(this.#contests.get(owner)?.values() ?? [])]
      .filter((each) => this.#isContended(each))
      .map(({ at, delayMs }) => at + delayMs - now)
      .map((wait) => (wait > 0 ? wait : wait + CALM_MS));
    return waits.length === 0 ? undefined : Math.max(1, Math.ceil(Math.min(...waits)));
  }

  forget(owner: string): void {
    this.#contests.delete(owner);
  }

  #isContended({ strikes, at, delayMs }: Contest): boolean {
    return strikes > FREE && this.#clock() < at + delayMs + CALM_MS;
  }

  /** Nothing else tells that an integration is gone. */
  #sweep(): void {
    if (this.#contests.size < this.#sweepAt) return;
    const now = this.#clock();
    for (const [owner, contests] of this.#contests) {
      const isOver = ({ at, delayMs }: Contest) => now > at + delayMs + FREE * CALM_MS;
      if ([...contests.values()].every(isOver)) this.#contests.delete(owner);
    }
    this.#sweepAt = Math.max(SWEEP_SIZE, 2 * this.#contests.size);
  }

  #strike<T extends KubeObject>(
    last: Contest | undefined,
    correction: Correction<T>,
    lost: readonly string[] | undefined,
  ) {
    const at = this.#clock();
    const calm = last === undefined ? 0 : Math.max(0, at - last.at - last.delayMs);
    const before = Math.max(0, (last?.strikes ?? 0) - Math.floor(calm / CALM_MS));
    const isMutated = lost !== undefined;
    const strikes = isMutated ? FREE + 1 : before + 1;
    const delayMs = isMutated ? MUTATED_DELAY_MS : delayAfter(strikes);
    // Most objects are made once and never corrected.
    const message = strikes > FREE ? messageOf(correction, lost) : '';
    return { strikes, at, delayMs, isMutated, message };
  }
}

const digestOf = (owners: KubeObject['metadata']['ownerReferences']): string =>
  hash('sha256', JSON.stringify(owners ?? []), 'base64');

/** An object that is gone ended with its owners. */
function differsOnlyInOwners<T extends KubeObject>(before: T | undefined, desired: T): boolean {
  const { ownerReferences: _, ...metadata } = desired.metadata;
  return before === undefined || isAsDesired(before, { ...desired, metadata });
}

const keyOf = ({ kind }: ResourceDefinition, name: string, part = ''): string =>
  `${kind} ${name} ${part}`;

function messageOf<T extends KubeObject>(
  { resource, before, desired }: Correction<T>,
  lost: readonly string[] | undefined,
): string {
  const object = `${resource.kind} ${desired.metadata.name}`;
  return lost === undefined
    ? `${object}: ${undone(before, desired)}; the operator corrects it at growing intervals`
    : `${object}: ${shown(lost)} is changed on every write; exempt the object from the ` +
        'mutating admission policy or webhook that does this';
}

function undone<T extends KubeObject>(before: T | undefined, desired: T): string {
  const changed = before && differenceIn(before, desired);
  if (before === undefined || changed === undefined) return 'it is deleted repeatedly';
  const by = managerOf(before, changed);
  return `${shown(changed)} is changed repeatedly${by === undefined ? '' : `, last by ${by}`}`;
}

function delayAfter(strikes: number): number {
  if (strikes <= FREE) return 0;
  return Math.min(FIRST_DELAY_MS * 2 ** (strikes - FREE - 1), MAX_DELAY_MS);
}

/** In the usual notation: `metadata.labels[app.kubernetes.io/managed-by]`. */
function shown(path: readonly string[]): string {
  return path.reduce(
    (text, name) =>
      /^\w+$/.test(name) ? `${text}${text === '' ? '' : '.'}${name}` : `${text}[${name}]`,
    '',
  );
}
