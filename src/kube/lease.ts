/**
 * The Lease (coordination.k8s.io/v1) that says which process leads: its record, and what one may
 * conclude from looking at it.
 */

import type { KubeObject } from './resource.ts';
import { microTime } from './time.ts';

export interface LeaseRecord {
  /** Empty after a release. */
  readonly holderIdentity?: string | undefined;
  readonly leaseDurationSeconds?: number | undefined;
  readonly acquireTime?: string | undefined;
  readonly renewTime?: string | undefined;
  /** How often the holder changed. */
  readonly leaseTransitions?: number | undefined;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseRecord;
}

interface Claim {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** By the claimant's own clock: for people, nobody else's decision rests on it. */
  readonly now: Date;
}

/** The record of a new holder. */
export function claimed(before: LeaseRecord | undefined, claim: Claim): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds, now } = claim;
  const transitions = before?.leaseTransitions ?? 0;
  const changed = before !== undefined && before.holderIdentity !== holderIdentity;
  return {
    holderIdentity,
    leaseDurationSeconds,
    acquireTime: microTime(now),
    renewTime: microTime(now),
    leaseTransitions: changed ? transitions + 1 : transitions,
  };
}

/** The holder's record when it leaves; whoever comes next need not wait. */
export function released(record: LeaseRecord, now: Date): LeaseRecord {
  return { ...record, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) };
}

/**
 * `NAME_UUID`: no two processes are ever the same holder, and those that run one after the other
 * under one name are known as such.
 */
export function nameIn(identity: string): string {
  return identity.slice(0, Math.max(0, identity.lastIndexOf('_')));
}

/**
 * Somebody else's Lease as seen from here. Only the local clock counts, and only how long the
 * record has been the same: what the holder's clock says is in it, right or wrong, decides nothing.
 */
export class Observation {
  #text: string | undefined;
  #since = 0;
  #records = 0;

  /** `now` in milliseconds of a monotonic clock, read after the record was. */
  note(record: LeaseRecord, now: number): void {
    const text = JSON.stringify(record);
    if (text === this.#text) return;
    this.#text = text;
    this.#records += 1;
    this.#since = now;
  }

  /**
   * Whether the record is the one that was seen first of all: its holder has given no sign of life
   * since.
   */
  get isFirst(): boolean {
    return this.#records === 1;
  }

  /** When the noted record expires, unless it changes. */
  expiresAt({ leaseDurationSeconds = 0 }: LeaseRecord): number {
    return this.#since + leaseDurationSeconds * 1000;
  }
}
