/**
 * Objects that somebody else changes as often as the operator corrects them, or on the way into the
 * API server. A correction that is undone waits longer each time, so that two controllers that
 * disagree cost the cluster next to nothing; people are told which field it is about.
 */

import { differenceIn } from '../kube/drift.ts';
import type { KubeObject, ResourceDefinition } from '../kube/resource.ts';
import { managerOf } from './field-managers.ts';

/** What is kept of an object that was corrected. */
interface Contest {
  /** Corrections that followed one another without calm. */
  readonly strikes: number;
  /** Monotonic, in milliseconds: when it was corrected last. */
  readonly at: number;
  /** How long the next correction waits. */
  readonly delayMs: number;
  /** Whether the change came with the write itself. */
  readonly isMutated: boolean;
  readonly message: string;
}

/** So many in a row may be people at work. */
const FREE = 5;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 5 * 60_000;
/** A rule of the cluster may be gone by then. */
const MUTATED_DELAY_MS = 30_000;
/** Undisturbed for so long after the delay, an object is no longer contended. */
const CALM_MS = 20_000;
/** Owners that are kept before those are dropped that nobody disturbs any more. */
const SWEEP_SIZE = 1_024;

/** A correction, as it was asked for and as it came out. */
interface Correction<T extends KubeObject> {
  readonly resource: ResourceDefinition;
  /** As it was before; undefined: it was not there. */
  readonly before: T | undefined;
  readonly desired: T;
  /** As the API server answered. */
  readonly written: T;
  /** Of an object that is written in parts: which one. */
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

  /** Why the object is not corrected now; undefined: it may be. */
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
   * Answers what people should know where the answer is not what was asked for: then nothing was
   * corrected.
   */
  note<T extends KubeObject>(owner: string, correction: Correction<T>): string | undefined {
    const { resource, before, desired, written, part } = correction;
    const object = `${resource.kind} ${desired.metadata.name}`;
    const lost = differenceIn(written, desired);
    const message =
      lost === undefined
        ? `${object}: ${undone(before, desired)}; the operator corrects it at growing intervals`
        : `${object}: ${shown(lost)} is changed on every write; exempt the object from the ` +
          'mutating admission policy or webhook that does this';
    this.#strike(owner, keyOf(resource, desired.metadata.name, part), lost !== undefined, message);
    return lost === undefined ? undefined : message;
  }

  /** The object is as it should be, by a write or by itself. */
  settled(owner: string, resource: ResourceDefinition, name: string): undefined {
    const contests = this.#contests.get(owner);
    const key = keyOf(resource, name);
    if (contests?.get(key)?.isMutated) contests.delete(key);
    if (contests?.size === 0) this.#contests.delete(owner);
    return undefined;
  }

  /** For people: what others change; empty while nothing is contended. */
  of(owner: string): readonly string[] {
    const contests = [...(this.#contests.get(owner)?.values() ?? [])];
    return contests.filter((each) => this.#isContended(each)).map(({ message }) => message);
  }

  /**
   * When the owner is to be looked at again: a correction has waited long enough, or the calm may
   * have lasted.
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

  /** An integration that is gone leaves no other sign. */
  #sweep(now: number): void {
    if (this.#contests.size < this.#sweepAt) return;
    for (const [owner, contests] of this.#contests) {
      const isOver = ({ at, delayMs }: Contest) => now > at + delayMs + FREE * CALM_MS;
      if ([...contests.values()].every(isOver)) this.#contests.delete(owner);
    }
    this.#sweepAt = Math.max(SWEEP_SIZE, 2 * this.#contests.size);
  }

  #strike(owner: string, key: string, isMutated: boolean, message: string): void {
    const at = this.#clock();
    const contests = this.#contests.get(owner) ?? new Map<string, Contest>();
    const last = contests.get(key);
    const calm = last === undefined ? 0 : Math.max(0, at - last.at - last.delayMs);
    const before = Math.max(0, (last?.strikes ?? 0) - Math.floor(calm / CALM_MS));
    const strikes = isMutated ? FREE + 1 : before + 1;
    const delayMs = isMutated ? MUTATED_DELAY_MS : delayAfter(strikes);
    this.#sweep(at);
    contests.set(key, { strikes, at, delayMs, isMutated, message });
    this.#contests.set(owner, contests);
  }
}

const keyOf = ({ kind }: ResourceDefinition, name: string, part = ''): string =>
  `${kind} ${name} ${part}`;

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

/** As people write it: `metadata.labels[app.kubernetes.io/managed-by]`. */
function shown(path: readonly string[]): string {
  return path.reduce(
    (text, name) =>
      /^\w+$/.test(name) ? `${text}${text === '' ? '' : '.'}${name}` : `${text}[${name}]`,
    '',
  );
}
