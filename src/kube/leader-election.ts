/**
 * One of several processes leads: the one that holds a Lease and renews it. Nobody's clock needs to
 * be right, only to run at the usual speed. Whoever can't renew has lost before anybody else may
 * take over.
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
  /** For so long others leave a Lease alone that is not renewed; whole seconds. */
  readonly leaseDurationMs: number;
  /**
   * A leader that could not renew for so long has lost; what it has under way gets the rest of the
   * lease.
   */
  readonly renewDeadlineMs: number;
  /** Between two attempts to take or renew. */
  readonly retryPeriodMs: number;
}

export interface LeaderElectionOptions extends ElectionTimes {
  /** Its calls should have a deadline well below the renew deadline. */
  readonly client: Client;
  readonly lease: ObjectKey;
  /** Names this process among the candidates. */
  readonly name: string;
  /**
   * No other process has this name at the same time: a Lease of an earlier process of the name is
   * taken at once.
   */
  readonly inherits: boolean;
  readonly log: Logger;
  readonly metrics?: KubeMetrics | undefined;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
  readonly wallClock?: () => Date;
}

/** The time in which a process leads. */
export interface Term {
  /**
   * Aborts when the work shall end: in good order because the process stops, or because the lead
   * was lost.
   */
  readonly signal: AbortSignal;
  /** Shut as soon as the lead is lost. */
  readonly fence: Fence;
}

const FIELD_MANAGER = 'leader-election';
/** An election that did nothing for this much longer than it ever waits is stuck. */
const STUCK_MARGIN_MS = 60_000;

const MESSAGES: Readonly<Record<Outcome, string>> = {
  'was not reached': 'Lease was not reached; retrying',
  'had no credentials': 'there are no credentials for the Lease; retrying',
  'refused the credentials': 'credentials were refused for the Lease; retrying',
  'refused the call': 'Lease may not be used; retrying',
  'responded unexpectedly': 'Lease could not be used; retrying',
};

export class LeaderElector {
  /** What the Lease names as its holder. */
  readonly identity: string;
  readonly #options: LeaderElectionOptions;
  readonly #log: Logger;
  readonly #clock: () => number;
  readonly #wallClock: () => Date;
  readonly #observation = new Observation();
  #holder: string | undefined;
  readonly #outage = new Outage();
  /** Why the Lease was not reached the last time. */
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
   * Campaigns, and leads once: `lead` works until its signal aborts. `stopped` when the signal came
   * (what was under way has been finished and the Lease released), `lost` when another may lead
   * now; then one may run again.
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

  /** Why the election is stuck, if it is; an API server that is away is no reason. */
  stuck(): string | undefined {
    if (this.#lastAttempt === undefined) return undefined;
    const silence = this.#clock() - this.#lastAttempt;
    const { leaseDurationMs, retryPeriodMs } = this.#options;
    return silence > leaseDurationMs + retryPeriodMs + STUCK_MARGIN_MS
      ? `the leader election has made no progress for ${Math.round(silence / 1000)} s`
      : undefined;
  }

  /** Undefined when the signal came first. */
  async #campaign(signal: AbortSignal): Promise<Held | undefined> {
    while (!signal.aborted) {
      let wait = this.#retryIn();
      try {
        const taken = await this.#tryToTake();
        this.#noteWell();
        if (typeof taken !== 'number') return taken;
        // Not a moment later than allowed, but never in a busy loop either.
        wait = Math.min(wait, Math.max(taken, 1));
      } catch (error) {
        // Another was faster: it is seen in the next round.
        if (!isConflict(error) && !isAlreadyExists(error)) this.#noteTrouble(error);
      }
      await pause(wait, signal);
    }
    return undefined;
  }

  /** Answers the milliseconds until the holder's lease ends, where it may not be taken. */
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

  /** Undefined: another holds it. */
  async #renewOnce(known: Lease): Promise<Held | undefined> {
    const sentAt = this.#attempt();
    const spec = { ...known.spec, renewTime: microTime(this.#wallClock()) };
    try {
      return { lease: await this.#write(known, spec), sentAt };
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error, this.#options.lease.name)) throw error;
    }
    // Somebody changed the Lease, or its metadata only, or our last renewal was written though its
    // answer was lost.
    const current = await this.#read();
    if (current === undefined) return { lease: await this.#create(spec), sentAt };
    this.#holder = current.spec?.holderIdentity;
    if (this.#holder !== this.identity) return undefined;
    return { lease: await this.#write(current, spec), sentAt };
  }

  /** Failing costs the next leader the rest of the lease, nothing else. */
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

  /** Conflict where it is not `known` any more. */
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

  /** Never longer than the retry period, and not in step with the others. */
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
