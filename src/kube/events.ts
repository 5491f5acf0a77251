/** Kubernetes Events (events.k8s.io/v1): never in the way of a reconcile, repeated ones as a series. */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../logger.ts';
import type { Client } from './client.ts';
import { EVENTS, type KubeObject } from './resource.ts';

export interface NewEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines. */
  readonly reason: string;
  /** What was done, CamelCase. */
  readonly action: string;
  /** For people; never holds a token. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** Such as `scim-operator.dev/operator`. */
  readonly controller: string;
  readonly instance: string;
  readonly log: Logger;
}

const SERIES_WINDOW_MS = 10 * 60_000;
const MAX_SERIES = 1_000;
const MAX_NOTE = 1_024;
const MAX_IN_FLIGHT = 100;

interface Series {
  readonly name: string;
  readonly namespace: string;
  count: number;
  last: number;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once; what can't be sent is logged and dropped. */
  record(regarding: KubeObject, event: NewEvent): void {
    const { log } = this.#options;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      log.warn({ reason: event.reason }, 'event was dropped: too many are being sent');
      return;
    }
    const sending = this.#send(regarding, event)
      .catch((error: unknown) =>
        log.warn({ err: error, reason: event.reason }, 'event was not recorded'),
      )
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
  }

  /** Waits for what is being sent. */
  async flush(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async #send(regarding: KubeObject, event: NewEvent): Promise<void> {
    const now = Date.now();
    const { uid } = regarding.metadata;
    const key = JSON.stringify([uid, event.type, event.reason, event.action, event.note]);
    const series = this.#series.get(key);
    if (series !== undefined && now - series.last < SERIES_WINDOW_MS) {
      series.count += 1;
      series.last = now;
      await this.#repeat(series);
      return;
    }
    const namespace = regarding.metadata.namespace ?? 'default';
    const name = `${regarding.metadata.name}.${randomUUID().slice(0, 13)}`;
    this.#remember(key, { name, namespace, count: 1, last: now });
    await this.#create(regarding, event, name, namespace, now);
  }

  async #create(
    { apiVersion, kind, metadata }: KubeObject,
    { type, reason, action, note }: NewEvent,
    name: string,
    namespace: string,
    now: number,
  ): Promise<void> {
    const { client, controller, instance } = this.#options;
    await client.create(
      EVENTS,
      {
        metadata: { name, namespace },
        eventTime: microTime(now),
        reportingController: controller,
        reportingInstance: instance.slice(0, 128),
        type,
        reason,
        action,
        note: note.slice(0, MAX_NOTE),
        regarding: { apiVersion, kind, name: metadata.name, namespace, uid: metadata.uid },
      } as KubeObject,
      controller,
    );
  }

  async #repeat({ namespace, name, count, last }: Series): Promise<void> {
    const patch = { series: { count, lastObservedTime: microTime(last) } };
    const { client, controller } = this.#options;
    await client.mergePatch(EVENTS, { namespace, name }, patch, { fieldManager: controller });
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    const [oldest] = this.#series.keys();
    if (this.#series.size > MAX_SERIES && oldest !== undefined) this.#series.delete(oldest);
  }
}

/** metav1.MicroTime wants six digits. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
