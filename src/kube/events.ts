/**
 * Records Kubernetes Events (events.k8s.io/v1). They never delay a reconcile, and repeated ones
 * become a series.
 */
import { randomUUID } from 'node:crypto';
import type { Counter } from 'prom-client';
import type { Logger } from '../logger.ts';
import type { Client } from './client.ts';
import { isNamespaceTerminating } from './errors.ts';
import { EVENTS, type KubeObject } from './resource.ts';
import { microTime } from './time.ts';

export interface NewEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines. */
  readonly reason: string;
  /** What was done, CamelCase. */
  readonly action: string;
  /** Text for users, which never contains a token. */
  readonly note: string;
}

interface EventRecorderOptions {
  readonly client: Client;
  /** Such as `scim-operator.dev/operator`. */
  readonly controller: string;
  readonly instance: string;
  readonly log: Logger;
  /** Counts every occurrence. */
  readonly metric?: Counter<'type' | 'reason'>;
}

const SERIES_WINDOW_MS = 10 * 60_000;
const MAX_SERIES = 1_000;
/** Number of different notes of one kind for an object. Further ones are combined in one series. */
const MAX_NOTES = 5;
const COMBINED = 'Several similar events, of which this is the first: ';
const MAX_NOTE = 1_024;
const MAX_IN_FLIGHT = 100;

interface Series {
  readonly name: string;
  readonly namespace: string;
  count: number;
  /** Wall-clock time of the last occurrence. */
  last: Date;
  /** The same time in milliseconds of the monotonic clock. */
  lastAt: number;
  /** How many of `count` the API server knows about; 0 while the Event doesn't exist yet. */
  sent: number;
  sending: boolean;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  /** When an object got a new note of a kind, by object and kind. */
  readonly #notes = new Map<string, readonly number[]>();
  readonly #inFlight = new Set<Promise<void>>();
  #dropping = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once. Events that can't be sent are logged and dropped. */
  record(regarding: KubeObject, event: NewEvent): void {
    const { log } = this.#options;
    this.#options.metric?.inc({ type: event.type, reason: event.reason });
    const told = this.#isOneTooMany(regarding, event)
      ? { ...event, note: `${COMBINED}${event.note}` }
      : event;
    const key = seriesKey(regarding, event, told === event ? event.note : COMBINED);
    const series = this.#seriesFor(key, regarding);
    series.count += 1;
    series.last = new Date();
    series.lastAt = performance.now();
    // The loop that is already sending also sends this one.
    if (series.sending) return;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      if (!this.#dropping) log.warn('events were dropped, because too many were being sent');
      this.#dropping = true;
      return;
    }
    this.#dropping = false;
    const sending = this.#send(series, regarding, told)
      .catch((error: unknown) => {
        this.#series.delete(key);
        if (isNamespaceTerminating(error)) return;
        log.warn({ err: error, reason: event.reason }, 'event was not recorded');
      })
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
  }

  /** Waits for the events that are being sent. */
  async flush(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  /** Writes until the API server knows the whole count, one write at a time and in order. */
  async #send(series: Series, regarding: KubeObject, event: NewEvent): Promise<void> {
    series.sending = true;
    try {
      while (series.sent < series.count) {
        const { count } = series;
        if (series.sent === 0) await this.#create(series, regarding, event);
        if (count > 1) await this.#repeat(series, count);
        series.sent = count;
      }
    } finally {
      series.sending = false;
    }
  }

  async #create(
    { name, namespace, last }: Series,
    { apiVersion, kind, metadata }: KubeObject,
    { type, reason, action, note }: NewEvent,
  ): Promise<void> {
    const { client, controller, instance } = this.#options;
    const { name: regardingName, namespace: regardingNamespace, uid } = metadata;
    await client.create(
      EVENTS,
      {
        metadata: { name, namespace },
        eventTime: microTime(last),
        reportingController: controller,
        reportingInstance: instance.slice(0, 128),
        type,
        reason,
        action,
        note: shorten(note, MAX_NOTE),
        regarding: { apiVersion, kind, name: regardingName, namespace: regardingNamespace, uid },
      } as KubeObject,
      controller,
    );
  }

  async #repeat({ namespace, name, last }: Series, count: number): Promise<void> {
    const patch = { series: { count, lastObservedTime: microTime(last) } };
    const { client, controller } = this.#options;
    await client.mergePatch(EVENTS, { namespace, name }, patch, { fieldManager: controller });
  }

  /** Whether the object already got enough other notes of this kind within the window. */
  #isOneTooMany(regarding: KubeObject, event: NewEvent): boolean {
    if (this.#isRunning(seriesKey(regarding, event, event.note))) return false;
    const kind = seriesKey(regarding, event, '');
    const now = performance.now();
    const recent = (this.#notes.get(kind) ?? []).filter((at) => now - at < SERIES_WINDOW_MS);
    const isOneTooMany = recent.length >= MAX_NOTES;
    remember(this.#notes, kind, isOneTooMany ? recent : [...recent, now]);
    return isOneTooMany;
  }

  #isRunning(key: string): boolean {
    const known = this.#series.get(key);
    return known !== undefined && performance.now() - known.lastAt < SERIES_WINDOW_MS;
  }

  #seriesFor(key: string, { metadata }: KubeObject): Series {
    const known = this.#series.get(key);
    if (known !== undefined && this.#isRunning(key)) return known;
    const namespace = metadata.namespace ?? 'default';
    const last = { last: new Date(), lastAt: performance.now() };
    const series = { name: eventName(metadata.name), namespace, count: 0, sent: 0, ...last };
    return remember(this.#series, key, { ...series, sending: false });
  }
}

/** Drops the oldest entry if there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_SERIES && oldest !== undefined) map.delete(oldest);
  return value;
}

function seriesKey({ metadata: { uid } }: KubeObject, event: NewEvent, note: string): string {
  return JSON.stringify([uid, event.type, event.reason, event.action, note]);
}

/** Begins with the object's name but is always a DNS subdomain, unlike the name of a Role. */
function eventName(regarding: string): string {
  const prefix = regarding
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .slice(0, 200)
    .replace(/[.-]+$/, '');
  return `${prefix}.${randomUUID().slice(0, 13)}`;
}

/** Shortens to this many bytes of UTF-8, which is what the API server counts. */
function shorten(note: string, bytes: number): string {
  const encoded = new TextEncoder().encode(note);
  if (encoded.length <= bytes) return note;
  return new TextDecoder().decode(encoded.subarray(0, bytes)).replace(/\uFFFD+$/, '');
}
