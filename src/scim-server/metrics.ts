/**
 * Counters and latencies of requests. They are kept here and handed over when the metrics are read.
 * A request then costs only two look-ups, and the series of an integration are deleted with it.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { CensusCache } from '../directory/metrics/census-cache.ts';
import type { Scope } from '../directory/store/resources.ts';
import { parseEndpoint } from './authentication.ts';

/** From a look-up in memory up to a duration that no client waits for. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Durations are handed to the histogram in batches of this size, because observing each one during
 * its request costs several times as much.
 */
const BATCH = 256;

/** A kind of request; see operationOf. */
export class Operation {
  /** Added to a status to form the key of its count. */
  readonly offset: number;
  readonly #histogram: Histogram.Internal<string>;
  readonly #durations: number[] = [];

  constructor(histogram: Histogram.Internal<string>, offset: number) {
    this.#histogram = histogram;
    this.offset = offset;
  }

  took(seconds: number): void {
    if (this.#durations.push(seconds) === BATCH) this.handOver();
  }

  handOver(): void {
    for (const seconds of this.#durations) this.#histogram.observe(seconds);
    this.#durations.length = 0;
  }
}

/** Keys are `offset + status`. */
type Counts = Map<number, number>;

class Tally {
  readonly requests: Counts = new Map();
  readonly bulkOperations: Counts = new Map();
  unauthorized = 0;
  /** Milliseconds. */
  seenAt = 0;
  readonly labels: { readonly tenant: string; readonly integration: string };

  constructor(tenant: string, integration: string) {
    this.labels = { tenant, integration };
  }
}

/** Larger than any status. */
const OFFSET = 1000;

export class RequestMetrics {
  readonly #census: CensusCache;
  readonly #now: () => number;
  readonly #histogram: Histogram;
  readonly #operations = new Map<string, Operation>();
  readonly #names: string[] = [];
  readonly #tallies = new Map<string, Tally>();
  /** Requests without a valid token, whatever their path contains. */
  readonly #nobody = new Tally('', '');

  /** Registers the metrics; call it once for each registry. `now` is the clock of the census. */
  constructor(registry: Registry, census: CensusCache, now: () => number) {
    this.#census = census;
    this.#now = now;
    this.#histogram = new Histogram({
      name: 'scim_request_duration_seconds',
      help: 'Time from the head of a request to its response.',
      labelNames: ['operation'],
      buckets: SECONDS,
      registers: [registry],
      collect: () => {
        for (const operation of this.#operations.values()) operation.handOver();
      },
    });
    this.#register(registry);
  }

  /** Call this once for each name, not for every request. */
  operation(name: string): Operation {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const offset = this.#names.push(name) * OFFSET;
    const operation = new Operation(this.#histogram.labels({ operation: name }), offset);
    this.#operations.set(name, operation);
    return operation;
  }

  /** Counts a completed request; `caller` is undefined if the caller is unknown. */
  answered(operation: Operation, status: number, seconds: number, caller: Scope | undefined): void {
    operation.took(seconds);
    const tally = caller === undefined ? this.#nobody : this.#tallyOf(caller);
    count(tally.requests, operation.offset + status);
  }

  /** Counts a completed operation of a Bulk. */
  bulkOperation(name: string, status: number, caller: Scope): void {
    count(this.#tallyOf(caller).bulkOperations, this.operation(name).offset + status);
  }

  /**
   * Counts a request that was refused because it has no valid token. It counts for the integration
   * that its path names, which is returned if it exists.
   */
  unauthorized(path: string): Scope | undefined {
    const meant = parseEndpoint(path);
    const isKnown =
      meant !== undefined && this.#census.tenantOf(meant.integrationId) === meant.tenant;
    (isKnown ? this.#tallyOf(meant) : this.#nobody).unauthorized++;
    return isKnown ? { tenant: meant.tenant, integrationId: meant.integrationId } : undefined;
  }

  #tallyOf({ tenant, integrationId }: Scope): Tally {
    let tally = this.#tallies.get(integrationId);
    // An id can be pinned in another tenant after its integration has ended.
    if (tally === undefined || tally.labels.tenant !== tenant) {
      tally = new Tally(tenant, integrationId);
      this.#tallies.set(integrationId, tally);
    }
    tally.seenAt = this.#now();
    return tally;
  }

  #register(registry: Registry): void {
    const current = () => this.#current();
    const counter = <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      read: (tally: Tally) => Iterable<readonly [Readonly<Record<L, string>>, number]>,
    ) =>
      new Counter({
        name,
        help,
        labelNames,
        registers: [registry],
        async collect() {
          const tallies = await current();
          this.reset();
          for (const tally of tallies) {
            for (const [labels, value] of read(tally)) this.inc(labels, value);
          }
        },
      });
    const integration = ['tenant', 'integration'] as const;
    const all = [...integration, 'operation', 'code'] as const;
    counter(
      'scim_requests_total',
      'Requests completed. Requests of unknown callers have no tenant and no integration.',
      all,
      (tally) => this.#series(tally, tally.requests),
    );
    counter(
      'scim_bulk_operations_total',
      'Operations of Bulk requests, each with the status that it would have as a request of ' +
        'its own.',
      all,
      (tally) => this.#series(tally, tally.bulkOperations),
    );
    counter(
      'scim_unauthorized_requests_total',
      'Requests refused with 401. Only those sent to an existing endpoint have a tenant and an ' +
        'integration.',
      integration,
      ({ labels, unauthorized }) => [[labels, unauthorized]],
    );
    counter(
      'scim_rate_limited_requests_total',
      'Requests refused with 429.',
      integration,
      (tally) => (tally === this.#nobody ? [] : [[tally.labels, refusedWith(429, tally.requests)]]),
    );
  }

  /** The tallies of integrations that still exist, as far as is known. */
  async #current(): Promise<readonly Tally[]> {
    await this.#census.read();
    for (const [id, { seenAt }] of this.#tallies) {
      if (this.#census.isGone(id, seenAt)) this.#tallies.delete(id);
    }
    return [this.#nobody, ...this.#tallies.values()];
  }

  *#series({ labels }: Tally, counts: Counts) {
    for (const [key, value] of counts) {
      const operation = this.#names[Math.floor(key / OFFSET) - 1] ?? '';
      yield [{ ...labels, operation, code: String(key % OFFSET) }, value] as const;
    }
  }
}

function count(counts: Counts, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function refusedWith(status: number, counts: Counts): number {
  return [...counts].reduce(
    (sum, [key, value]) => (key % OFFSET === status ? sum + value : sum),
    0,
  );
}
