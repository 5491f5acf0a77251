/**
 * The Lease (coordination.k8s.io/v1) that says which process leads: its record, and what another
 * process may conclude from it.
 */

import type { KubeObject } from './resource.ts';
import { microTime } from './time.ts';

export interface LeaseRecord {
  /** Empty after a release. */
  readonly holderIdentity?: string | undefined;
  readonly leaseDurationSeconds?: number | undefined;
  readonly acquireTime?: string | undefined;
  readonly renewTime?: string | undefined;
  /** Number of times that the holder changed. */
  readonly leaseTransitions?: number | undefined;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseRecord;
}

interface Claim {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** From the claimant's own clock. For information only, because no decision depends on it. */
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

/** The record of a holder that leaves, so that the next one need not wait. */
export function released(record: LeaseRecord, now: Date): LeaseRecord {
  return { ...record, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) };
}

/**
 * Identities have the form `NAME_UUID`. No two processes have the same one, but successive
 * processes of one name can be recognised.
 */
export function nameIn(identity: string): string {
  return identity.slice(0, Math.max(0, identity.lastIndexOf('_')));
}

/**
 * Observes another process's Lease. Only the local clock counts, and only how long the record has
 * been unchanged. The times in the record, which come from the holder's clock, decide nothing.
 */
export class Observation {
  #text: string | undefined;
  #since = 0;
  #records = 0;

  /** `now` is in milliseconds of a monotonic clock, read after the record. */
  note(record: LeaseRecord, now: number): void {
    const text = JSON.stringify(record);
    if (text === this.#text) return;
    this.#text = text;
    this.#records += 1;
    this.#since = now;
  }

  /** Whether the record is still the first one seen, so that its holder may no longer exist. */
  get isFirst(): boolean {
    return this.#records === 1;
  }

  /** When the noted record expires, unless it changes. */
  expiresAt({ leaseDurationSeconds = 0 }: LeaseRecord): number {
    return this.#since + leaseDurationSeconds * 1000;
  }
}
