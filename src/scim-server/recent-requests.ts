/**
 * The last requests of each integration. They are collected in memory and written every two
 * seconds, so that requests don't wait for it.
 */
import { randomUUID } from 'node:crypto';
import {
  MOST_RECENT_REQUESTS,
  type RecentRequest,
  type RecentRequestStore,
} from '../directory/store/recent-requests.ts';
import { Outage } from '../outage.ts';
import { type AccessEntry, shownPath } from './access-log.ts';
import type { Answer } from './answer.ts';
import { maskedBody } from './masking/body.ts';
import { maskedTarget } from './masking/target.ts';
import { MASK, maskedText } from './masking/text.ts';

const FLUSH_INTERVAL_MS = 2_000;
/** Other integrations wait for the next flush, so that the database isn't busy with this. */
const MOST_PER_FLUSH = 100;
/** At the end, when nobody else needs the database. SQLite writes them in one transaction. */
const MOST_AT_ONCE = 50;
/** Of all integrations together, which take about 10 MB. */
const MOST_KEPT = 20_000;
const MOST_BODY_BYTES = 4_096;
/** Of the bodies of an integration. Older ones are dropped. */
const MOST_BODIES = 65_536;
/** The end of an endpoint's path. */
const BASE = '/scim/v2';
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;
const PRUNE_INTERVAL_MS = 60 * 60 * 1_000;

/** A completed request with a valid token. */
interface SeenRequest {
  readonly access: AccessEntry;
  /** With the query. */
  readonly url: string;
  /** When the response was ready, in milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
  readonly answer: Pick<Answer, 'status' | 'detail'>;
}

/** What is left of it until it is rendered, which only the next flush does. */
interface Seen extends Omit<SeenRequest, 'answer'> {
  readonly status: number;
  readonly refusal: Pick<RecentRequest, 'body' | 'detail'> | undefined;
}

interface Kept {
  readonly tenant: string;
  /** Not yet rendered, oldest first. */
  fresh: Seen[];
  /** Newest first. */
  rendered: readonly RecentRequest[];
}

export class RecentRequests {
  readonly #store: RecentRequestStore;
  readonly #now: () => number;
  readonly #onTrouble: (error: unknown) => void;
  readonly #outage = new Outage();
  readonly #process = randomUUID();
  /** The integrations that were written longest ago come first. */
  readonly #kept = new Map<string, Kept>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #flushed: Promise<void> = Promise.resolve();
  /** Integrations that are being written. */
  #underWay = 0;
  #isClosed = false;
  #prunedAt = Number.NEGATIVE_INFINITY;

  /**
   * `onTrouble` is called when writing begins to fail, and when requests are lost. Until the recorder
   * is closed, the next flush writes what wasn't written.
   */
  constructor(store: RecentRequestStore, now: () => number, onTrouble: (error: unknown) => void) {
    this.#store = store;
    this.#now = now;
    this.#onTrouble = onTrouble;
  }

  note({ access, url, at, ms, answer }: SeenRequest): void {
    const { tenant, integration } = access;
    if (tenant === undefined || integration === undefined) return;
    const { status } = answer;
    const refusal = status < 400 ? undefined : refusalOf(access, url, answer);
    access.body = undefined;
    let kept = this.#kept.get(integration);
    if (kept?.tenant !== tenant) {
      kept = { tenant, fresh: [], rendered: [] };
      this.#kept.set(integration, kept);
    }
    kept.fresh.push({ access, url, at, ms, status, refusal });
    if (kept.fresh.length >= 2 * MOST_RECENT_REQUESTS)
      kept.fresh = kept.fresh.slice(-MOST_RECENT_REQUESTS);
    this.#changed.add(integration);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  flush(): Promise<void> {
    this.#flushed = this.#flush();
    return this.#flushed;
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#prune();
      for (const integration of [...this.#changed].slice(0, MOST_PER_FLUSH)) {
        await this.#write(integration);
      }
      this.#outage.ends();
    } catch (error) {
      if (this.#outage.begins()) this.#onTrouble(error);
    }
    this.#evict();
    if (this.#changed.size > 0 && !this.#isClosed)
      this.#timer = setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
    else this.#timer = undefined;
  }

  /**
   * Writes what is left of all integrations. Resolves when it is written, a write fails, or the time
   * is over. What isn't written by then, or is noted afterwards, is lost.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const deadline = AbortSignal.timeout(deadlineMs);
    const ended = new Promise<void>((resolve) => {
      deadline.addEventListener('abort', () => resolve());
    });
    await Promise.race([this.#writeAll(deadline), ended]);
    const lost = this.#changed.size + this.#underWay;
    const whose = lost === 1 ? '1 integration' : `${lost} integrations`;
    if (lost > 0) this.#onTrouble(new Error(`those of ${whose} are lost`));
  }

  async #writeAll(deadline: AbortSignal): Promise<void> {
    await this.#flushed;
    try {
      while (this.#changed.size > 0 && !deadline.aborted) {
        const some = [...this.#changed].slice(0, MOST_AT_ONCE);
        const writes = await Promise.allSettled(some.map((each) => this.#write(each)));
        const failed = writes.find((each) => each.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
    } catch (error) {
      this.#onTrouble(error);
    }
  }

  async #write(integration: string): Promise<void> {
    const kept = this.#kept.get(integration);
    if (kept === undefined) return;
    const fresh = kept.fresh.slice(-MOST_RECENT_REQUESTS).reverse();
    kept.fresh = [];
    kept.rendered = withinBodies(
      [...fresh.map(rendered), ...kept.rendered].slice(0, MOST_RECENT_REQUESTS),
    );
    this.#changed.delete(integration);
    this.#kept.delete(integration);
    this.#kept.set(integration, kept);
    this.#underWay++;
    try {
      const scope = { tenant: kept.tenant, integrationId: integration };
      await this.#store.put(scope, this.#process, kept.rendered, this.#now());
    } catch (error) {
      this.#changed.add(integration);
      throw error;
    } finally {
      this.#underWay--;
    }
  }

  async #prune(): Promise<void> {
    const now = this.#now();
    if (now - this.#prunedAt < PRUNE_INTERVAL_MS) return;
    await this.#store.prune(now - KEPT_MS);
    this.#prunedAt = now;
  }

  /** Limits memory. The rows of the forgotten ones stay until the integration's next request. */
  #evict(): void {
    const sizeOf = ({ fresh, rendered }: Kept) => fresh.length + rendered.length;
    let total = [...this.#kept.values()].reduce((sum, kept) => sum + sizeOf(kept), 0);
    for (const [integration, kept] of this.#kept) {
      if (total <= MOST_KEPT) return;
      if (this.#changed.has(integration)) continue;
      total -= sizeOf(kept);
      this.#kept.delete(integration);
    }
  }
}

/** Rendered at once, because the body may be large. */
function refusalOf(
  access: AccessEntry,
  url: string,
  answer: SeenRequest['answer'],
): Pick<RecentRequest, 'body' | 'detail'> {
  const hidden: string[] = [];
  const body = access.body === undefined ? undefined : maskedBody(access.body, MOST_BODY_BYTES);
  hidden.push(...(body?.secrets ?? []));
  maskedTarget('', queryOf(url), (value) => hidden.push(value));
  const { detail } = answer;
  return {
    ...(body === undefined ? {} : { body: body.text }),
    ...(detail === undefined ? {} : { detail: maskedDetail(detail, hidden) }),
  };
}

/** A detail may quote what the client sent. */
function maskedDetail(detail: string, hidden: readonly string[]): string {
  const long = hidden.filter((text) => text.length > 2).toSorted((a, b) => b.length - a.length);
  return maskedText(long.reduce((rest, text) => rest.replaceAll(text, MASK), detail));
}

const queryOf = (url: string): string => {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start + 1);
};

function rendered({ access, url, at, ms, status, refusal }: Seen): RecentRequest {
  const whole = shownPath(access, undefined);
  const below = whole.slice(whole.indexOf(BASE) + BASE.length);
  return {
    at,
    requestId: maskedText(access.requestId),
    method: access.method,
    path: maskedTarget(below || '/', queryOf(url), () => undefined),
    status,
    ms: Math.round(ms * 100) / 100,
    keyId: access.keyId ?? '',
    ...refusal,
  };
}

function withinBodies(requests: readonly RecentRequest[]): readonly RecentRequest[] {
  let left = MOST_BODIES;
  return requests.map((request) => {
    left -= request.body?.length ?? 0;
    if (request.body === undefined || left >= 0) return request;
    const { body: _, ...rest } = request;
    return rest;
  });
}
