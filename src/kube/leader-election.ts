/**
 * Elects a leader among several processes: the one that holds a Lease and renews it. The clocks
 * need not be right, but must run at the usual speed. A leader that can't renew has lost the lead
 * before another process may take over.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../logger.ts';
import { Outage } from '../outage.ts';
import { pause } from './backoff.ts';
import type { Client } from './client.ts';
import { isAlreadyExists, isConflict, isNotFound, type Outcome, outcomeOf } from './errors.ts';
import { claimed, type Lease, type LeaseRecord, nameIn, Observation, released } from './lease.ts';
import type { KubeMetrics } from './metrics.ts';
import { LEASES, type ObjectKey } from './resource.ts';
import { type Held, Tenure } from './tenure.ts';
import { microTime } from './time.ts';
import type { Fence } from './transport.ts';

export interface ElectionTimes {
  /** How long others leave a Lease alone that is not renewed; whole seconds. */
  readonly leaseDurationMs: number;
  /**
   * A leader that could not renew for this long has lost the lead. Its calls in progress may use
   * the remaining time of the Lease.
   */
  readonly renewDeadlineMs: number;
  /** Time between two attempts to take or renew the Lease. */
  readonly retryPeriodMs: number;
}

export interface LeaderElectionOptions extends ElectionTimes {
  /** The deadline of its calls should be well below the renew deadline. */
  readonly client: Client;
  readonly lease: ObjectKey;
  /** Names this process among the candidates. */
  readonly name: string;
  /**
   * Whether no other process has this name at the same time, so that the Lease of an earlier
   * process of this name is taken at once.
   */
  readonly inherits: boolean;
  readonly log: Logger;
  readonly metrics?: KubeMetrics | undefined;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
  readonly wallClock?: () => Date;
}

/** The period in which a process leads. */
export interface Term {
  /** Aborts when the work must end, because the process stops or because the lead was lost. */
  readonly signal: AbortSignal;
  /** Permits nothing once the lead is lost. */
  readonly fence: Fence;
}

const FIELD_MANAGER = 'leader-election';
/** An election is stuck if it does nothing for this much longer than it ever waits. */
const STUCK_MARGIN_MS = 60_000;

const MESSAGES: Readonly<Record<Outcome, string>> = {
  'was not reached': 'Lease was not reached; retrying',
  'had no credentials': 'there are no credentials for the Lease; retrying',
  'refused the credentials': 'credentials were refused for the Lease; retrying',
  'refused the call': 'Lease may not be used; retrying',
  'responded unexpectedly': 'Lease could not be used; retrying',
};

export class LeaderElector {
  /** The identity of this process as a holder of the Lease. */
  readonly identity: string;
  readonly #options: LeaderElectionOptions;
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #wallClock: () => Date;
  readonly #observation = new Observation();
  #holder: string | undefined;
  readonly #outage = new Outage();
  /** Why the last attempt to use the Lease failed. */
  #trouble: string | undefined;
  #lastAttempt: number | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.identity = `${options.name}_${randomUUID()}`;
    const { namespace, name } = options.lease;
    this.#log = options.log.child({ lease: `${namespace}/${name}`, identity: this.identity });
    this.#clock = options.clock ?? (() => performance.now());
    this.#wallClock = options.wallClock ?? (() => new Date());
    this.#report(false);
  }

  /**
   * Campaigns, and leads once. `lead` works until its signal aborts. Resolves with `stopped` after
   * the signal aborted, the work was finished and the Lease was released, or with `lost` if another
   * process may lead now. It may then be run again.
   */
  async run(signal: AbortSignal, lead: (term: Term) => Promise<void>): Promise<'stopped' | 'lost'> {
    const held = await this.#campaign(signal);
    if (held === undefined) return 'stopped';
    this.#report(true);
    this.#log.info('lead was taken');
    try {
      return await this.#reign(held, signal, lead);
    } finally {
      this.#lastAttempt = undefined;
      this.#report(false);
    }
  }

  /** Why the election is stuck, if it is. An unreachable API server doesn't count. */
  stuck(): string | undefined {
    if (this.#lastAttempt === undefined) return undefined;
    const silence = this.#clock() - this.#lastAttempt;
    const { leaseDurationMs, retryPeriodMs } = this.#options;
    return silence > leaseDurationMs + retryPeriodMs + STUCK_MARGIN_MS
      ? `the leader election has made no progress for ${Math.round(silence / 1000)} s`
      : undefined;
  }

  /** Undefined if the signal aborts first. */
  async #campaign(signal: AbortSignal): Promise<Held | undefined> {
    while (!signal.aborted) {
      let wait = this.#retryIn();
      try {
        const taken = await this.#tryToTake();
        this.#noteWell();
        if (typeof taken !== 'number') return taken;
        // As early as allowed, but never in a busy loop.
        wait = Math.min(wait, Math.max(taken, 1));
      } catch (error) {
        // Another process was faster, which the next round shows.
        if (!isConflict(error) && !isAlreadyExists(error)) this.#noteTrouble(error);
      }
      await pause(wait, signal);
    }
    return undefined;
  }

  /** Returns the milliseconds until the holder's Lease expires, if it may not be taken yet. */
  async #tryToTake(): Promise<Held | number> {
    const lease = await this.#read();
    if (lease === undefined) return this.#take(undefined);
    const record = lease.spec ?? {};
    this.#observation.note(record, this.#clock());
    const remaining = this.#observation.expiresAt(record) - this.#clock();
    if (this.#isFree(record) || remaining <= 0) return this.#take(lease);
    this.#noteHolder(record.holderIdentity);
    return remaining;
  }

  #isFree({ holderIdentity }: LeaseRecord): boolean {
    if (!holderIdentity || holderIdentity === this.identity) return true;
    const { inherits, name } = this.#options;
    return inherits && nameIn(holderIdentity) === name && this.#observation.isFirst;
  }

  async #take(before: Lease | undefined): Promise<Held> {
    const sentAt = this.#attempt();
    const spec = claimed(before?.spec, {
      holderIdentity: this.identity,
      leaseDurationSeconds: Math.ceil(this.#options.leaseDurationMs / 1000),
      now: this.#wallClock(),
    });
    const lease = before === undefined ? await this.#create(spec) : await this.#write(before, spec);
    this.#holder = undefined;
    this.#observation.note(lease.spec ?? spec, this.#clock());
    return { lease, sentAt };
  }

  async #reign(
    held: Held,
    signal: AbortSignal,
    lead: (term: Term) => Promise<void>,
  ): Promise<'stopped' | 'lost'> {
    const tenure = new Tenure(held, {
      renewDeadlineMs: this.#options.renewDeadlineMs,
      clock: this.#clock,
      onLost: (reason) => this.#noteLoss(reason),
    });
    const finished = new AbortController();
    const leading = lead({
      signal: AbortSignal.any([signal, tenure.signal]),
      fence: tenure,
    }).finally(() => finished.abort());
    const renewing = this.#renew(tenure, AbortSignal.any([finished.signal, tenure.signal]));
    try {
      await Promise.all([leading, renewing]);
    } finally {
      tenure.end();
    }
    if (tenure.isLost) return 'lost';
    await this.#release(tenure.lease);
    return 'stopped';
  }

  async #renew(tenure: Tenure, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.#retryIn(), signal);
      if (signal.aborted || tenure.isLost) return;
      try {
        const renewed = await this.#renewOnce(tenure.lease);
        if (renewed === undefined)
          return tenure.lose(`${this.#holder || 'nobody'} holds the Lease`);
        tenure.renewed(renewed);
        this.#noteWell();
      } catch (error) {
        if (!signal.aborted) this.#noteTrouble(error);
      }
    }
  }

  /** Undefined if another process holds the Lease. */
  async #renewOnce(known: Lease): Promise<Held | undefined> {
    const sentAt = this.#attempt();
    const spec = { ...known.spec, renewTime: microTime(this.#wallClock()) };
    try {
      return { lease: await this.#write(known, spec), sentAt };
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error, this.#options.lease.name)) throw error;
    }
    // Somebody changed the Lease, or only its metadata, or our last renewal was written although
    // its response was lost.
    const current = await this.#read();
    if (current === undefined) return { lease: await this.#create(spec), sentAt };
    this.#holder = current.spec?.holderIdentity;
    if (this.#holder !== this.identity) return undefined;
    return { lease: await this.#write(current, spec), sentAt };
  }

  /** If this fails, the next leader must only wait until the Lease expires. */
  async #release(lease: Lease): Promise<void> {
    try {
      await this.#write(lease, released(lease.spec ?? {}, this.#wallClock()));
      this.#log.info('lead was released');
    } catch (err) {
      this.#log.warn({ err }, 'lead was not released; others wait until the Lease expires');
    }
  }

  async #read(): Promise<Lease | undefined> {
    this.#attempt();
    const { client, lease } = this.#options;
    try {
      return await client.get<Lease>(LEASES, lease);
    } catch (error) {
      if (isNotFound(error, lease.name)) return undefined;
      throw error;
    }
  }

  #create(spec: LeaseRecord): Promise<Lease> {
    const { client, lease } = this.#options;
    return client.create<Lease>(LEASES, { metadata: { ...lease }, spec }, FIELD_MANAGER);
  }

  /** Rejects with Conflict if the Lease is no longer `known`. */
  #write(known: Lease, spec: LeaseRecord): Promise<Lease> {
    const { client, lease } = this.#options;
    const { resourceVersion } = known.metadata;
    const patch = { metadata: { resourceVersion }, spec };
    return client.mergePatch<Lease>(LEASES, lease, patch, { fieldManager: FIELD_MANAGER });
  }

  #attempt(): number {
    this.#lastAttempt = this.#clock();
    return this.#lastAttempt;
  }

  /** At most the retry period, with jitter so that processes don't act in step. */
  #retryIn(): number {
    return this.#options.retryPeriodMs * (0.8 + 0.2 * Math.random());
  }

  #noteHolder(holder: string | undefined): void {
    if (holder !== this.#holder)
      this.#log.info({ holder }, 'another process was found leading; standing by');
    this.#holder = holder;
  }

  #noteTrouble(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const message = MESSAGES[outcomeOf(error)];
    if (this.#outage.begins(message)) this.#log.warn({ reason }, message);
    this.#trouble = reason;
  }

  #noteWell(): void {
    if (this.#outage.ends()) this.#log.info('Lease was reached');
    this.#trouble = undefined;
  }

  #noteLoss(reason: string | undefined): void {
    const { renewDeadlineMs } = this.#options;
    const why = this.#trouble ?? 'the process was suspended';
    const expired = `the Lease was not renewed within ${renewDeadlineMs / 1000} s: ${why}`;
    this.#log.warn({ reason: reason ?? expired }, 'lead was lost');
  }

  #report(leads: boolean): void {
    const { metrics, lease } = this.#options;
    metrics?.leaderStatus.set({ name: lease.name }, leads ? 1 : 0);
  }
}
