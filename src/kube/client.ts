/**
 * Calls to the Kubernetes API: each with a deadline, a typed error and a metric; no call ever names
 * an empty object.
 */

import { type Dispatcher, request } from 'undici';
import type { Access, Connection } from './connection.ts';
import { Deadline } from './deadline.ts';
import { errorFromAnswer } from './error-answer.ts';
import { ApiError, CredentialsError, isNotFound } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import {
  apiVersionOf,
  type KubeObject,
  keyOf,
  type ObjectKey,
  pathOf,
  type ResourceDefinition,
  SECRETS,
} from './resource.ts';

const DEADLINE_MS = 15_000;

interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  /** null for an empty list of metadata. */
  readonly items: readonly T[] | null;
}

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string | undefined;
  readonly signal?: AbortSignal;
  /** PartialObjectMetadata: the contents of Secrets never come here. */
  readonly metadataOnly?: boolean | undefined;
}

interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue' | 'signal'> {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject & { readonly code?: number; readonly message?: string };
}

/** What must hold for calls to be sent at all. */
export interface Fence {
  /** Throws where nothing may be sent any more; asked at the last moment. */
  permit(): void;
  /** Aborts what is under way. */
  readonly signal: AbortSignal;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Record<string, string | undefined>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly confidential?: boolean;
  readonly signal?: AbortSignal;
}

const METADATA = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** Every method rejects with ApiError. */
export class Client {
  readonly #connection: Connection;
  readonly #metrics: KubeMetrics | undefined;
  readonly #host: string;
  readonly #deadlineMs: number;
  readonly #fence: Fence | undefined;

  /** Every call but a watch is given up after `deadlineMs`. */
  constructor(
    connection: Connection,
    metrics?: KubeMetrics,
    deadlineMs = DEADLINE_MS,
    fence?: Fence,
  ) {
    this.#connection = connection;
    this.#deadlineMs = deadlineMs;
    this.#metrics = metrics;
    this.#fence = fence;
    this.#host = new URL(connection.server).host;
  }

  /** The same client behind a fence. */
  fenced(fence: Fence): Client {
    return new Client(this.#connection, this.#metrics, this.#deadlineMs, fence);
  }

  get<T extends KubeObject>(resource: ResourceDefinition, key: ObjectKey): Promise<T> {
    return this.#json(resource, { method: 'GET', path: pathOf(resource, key) });
  }

  list<T extends KubeObject>(
    resource: ResourceDefinition,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const accept = options.metadataOnly
      ? `application/json;${METADATA.replace('PartialObjectMetadata', 'PartialObjectMetadataList')}`
      : 'application/json';
    return this.#json(resource, {
      method: 'GET',
      path: collectionPath(resource, options.namespace),
      query: {
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: options.limit?.toString(),
        continue: options.continue,
      },
      accept,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  /** Fails with AlreadyExists where the object is there. */
  create<T extends KubeObject>(
    resource: ResourceDefinition,
    object: T,
    fieldManager: string,
  ): Promise<T> {
    const { namespace } = object.metadata;
    return this.#json(resource, {
      method: 'POST',
      path: collectionPath(resource, namespace),
      query: { fieldManager, fieldValidation: 'Strict' },
      body: typed(resource, object),
      contentType: 'application/json',
    });
  }

  /**
   * Server-side apply: creates or changes exactly the fields given and prunes those that this
   * manager gave before.
   */
  apply<T extends KubeObject>(
    resource: ResourceDefinition,
    object: T,
    fieldManager: string,
  ): Promise<T> {
    return this.#json(resource, {
      method: 'PATCH',
      path: pathOf(resource, keyOf(object)),
      query: { fieldManager, force: 'true', fieldValidation: 'Strict' },
      body: typed(resource, object),
      contentType: 'application/apply-patch+yaml',
    });
  }

  /**
   * JSON merge patch; with `metadata.resourceVersion` in it a stale one is a Conflict. `dryRun`
   * finds out what would become of it.
   */
  mergePatch<T extends KubeObject>(
    resource: ResourceDefinition,
    key: ObjectKey,
    patch: unknown,
    options: { fieldManager: string; subresource?: 'status'; dryRun?: boolean },
  ): Promise<T> {
    return this.#json(resource, {
      method: 'PATCH',
      path: pathOf(resource, key, options.subresource),
      query: {
        fieldManager: options.fieldManager,
        dryRun: options.dryRun === true ? 'All' : undefined,
      },
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  /** With `uid` another object of the name is left alone: Conflict. */
  async delete(resource: ResourceDefinition, key: ObjectKey, uid?: string): Promise<void> {
    await this.#json(resource, {
      method: 'DELETE',
      path: pathOf(resource, key),
      body: uid === undefined ? undefined : { preconditions: { uid } },
      contentType: 'application/json',
    });
  }

  /** A call to a subresource, such as `token` of a ServiceAccount. */
  createSubresource<T>(
    resource: ResourceDefinition,
    key: ObjectKey,
    subresource: string,
    body: unknown,
  ): Promise<T> {
    return this.#json(resource, {
      method: 'POST',
      path: pathOf(resource, key, subresource),
      body,
      contentType: 'application/json',
    });
  }

  /** Events as they come, until the server ends the watch; no deadline but the signal's. */
  async *watch(
    resource: ResourceDefinition,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const answer = await this.#send(resource, {
      method: 'GET',
      path: collectionPath(resource, options.namespace),
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(options.timeoutSeconds),
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
      },
      accept: options.metadataOnly ? `application/json;${METADATA}` : 'application/json',
      signal,
    });
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
      }
    } catch (error) {
      throw asApiError(error, `watch ${resource.plural}`);
    }
  }

  async #json<T>(resource: ResourceDefinition, call: Call): Promise<T> {
    const deadline = new Deadline(this.#deadlineMs, call.signal, this.#fence?.signal);
    try {
      const { body } = await this.#send(resource, { ...call, signal: deadline.signal });
      return (await body.json()) as T;
    } catch (error) {
      throw asApiError(error, `${call.method} ${call.path}`);
    } finally {
      deadline.clear();
    }
  }

  async #send(resource: ResourceDefinition, call: Call): Promise<Dispatcher.ResponseData> {
    const name = `${call.method} ${call.path}`;
    const started = performance.now();
    let code = '<error>';
    try {
      const answer = await this.#exchange(call);
      code = String(answer.statusCode);
      if (answer.statusCode < 300) return answer;
      if (answer.statusCode === 401) this.#connection.forget();
      throw errorFromAnswer(
        answer.statusCode,
        await answer.body.text(),
        answer.headers['retry-after'],
        name,
        resource === SECRETS,
      );
    } catch (error) {
      throw asApiError(error, name);
    } finally {
      const host = this.#host;
      this.#metrics?.requests.inc({ code, method: call.method, host });
      this.#metrics?.requestSeconds.observe(
        { verb: call.method, host },
        (performance.now() - started) / 1000,
      );
    }
  }

  /**
   * Again, once, where a credential was refused and there is another one now: nothing of the call
   * was done.
   */
  async #exchange(call: Call): Promise<Dispatcher.ResponseData> {
    const access = await this.#connection.access();
    const answer = await this.#request(call, access);
    if (answer.statusCode !== 401) return answer;
    const renewed = await this.#connection.renew(access);
    if (renewed === undefined) return answer;
    await answer.body.dump();
    return this.#request(call, renewed);
  }

  #request(call: Call, { dispatcher, headers }: Access): Promise<Dispatcher.ResponseData> {
    const query = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(query as [string, string][]).toString();
    const url = `${this.#connection.server}${call.path}${search === '' ? '' : `?${search}`}`;
    this.#fence?.permit();
    return request(url, {
      method: call.method,
      dispatcher,
      headers: {
        ...headers,
        'user-agent': 'scim-operator',
        accept: call.accept ?? 'application/json',
        ...(call.body === undefined
          ? {}
          : { 'content-type': call.contentType ?? 'application/json' }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      headersTimeout: this.#deadlineMs,
      bodyTimeout: 0,
    });
  }
}

/** A namespaced resource without a namespace is listed in all of them. */
function collectionPath(resource: ResourceDefinition, namespace: string | undefined): string {
  return pathOf(resource, namespace === undefined ? {} : { namespace });
}

function typed<T extends KubeObject>(resource: ResourceDefinition, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function asApiError(error: unknown, call: string): ApiError {
  if (error instanceof ApiError) return error;
  // What JSON.parse says quotes the text, which may be a Secret.
  if (error instanceof SyntaxError) return new ApiError(0, `${call}: the response is not JSON`);
  return new ApiError(0, `${call}: ${whatFailed(error)}`, { cause: error });
}

function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (error instanceof CredentialsError) return error.message;
  const proxyStatus = /^Proxy response \((\d+)\)/.exec(error.message)?.[1];
  if (proxyStatus !== undefined) return `the proxy refused to connect (${proxyStatus})`;
  const cause = error.cause ?? error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  // Whichever of the two is quicker.
  if (error.name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT')
    return 'no response before the deadline';
  return typeof code === 'string' ? code : error.message;
}

/** A live read; undefined only when the server says that this very object doesn't exist. */
export async function getIfExists<T extends KubeObject>(
  client: Client,
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await client.get<T>(resource, key);
  } catch (error) {
    if (isNotFound(error, key.name)) return undefined;
    throw error;
  }
}

/** With `uid` another object of the name is left alone: Conflict. */
export async function deleteIfExists(
  client: Client,
  resource: ResourceDefinition,
  key: ObjectKey,
  uid: string | undefined,
): Promise<void> {
  try {
    await client.delete(resource, key, uid);
  } catch (error) {
    if (!isNotFound(error, key.name)) throw error;
  }
}
