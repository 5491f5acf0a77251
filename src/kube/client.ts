/** The verbs of the Kubernetes API, for objects of any kind. No call has a name that no object has. */
import type { Connection } from './connection.ts';
import { isNotFound } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import {
  apiVersionOf,
  isPathSegment,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ResourceDefinition,
  urlPathOf,
} from './resource.ts';
import { type Call, type Fence, Transport } from './transport.ts';

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
  /** Requests PartialObjectMetadata, so that the contents of Secrets are never sent. */
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

const DEADLINE_MS = 15_000;
const METADATA = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** Every method rejects with ApiError. */
export class Client {
  readonly #connection: Connection;
  readonly #metrics: KubeMetrics | undefined;
  readonly #deadlineMs: number;
  readonly #transport: Transport;

  /** Every call except a watch fails after `deadlineMs`. */
  constructor(
    connection: Connection,
    metrics?: KubeMetrics,
    deadlineMs = DEADLINE_MS,
    fence?: Fence,
  ) {
    this.#connection = connection;
    this.#metrics = metrics;
    this.#deadlineMs = deadlineMs;
    this.#transport = new Transport(connection, { metrics, deadlineMs, fence });
  }

  /** The same client behind a fence. */
  fenced(fence: Fence): Client {
    return new Client(this.#connection, this.#metrics, this.#deadlineMs, fence);
  }

  get<T extends KubeObject>(resource: ResourceDefinition, key: ObjectKey): Promise<T> {
    return this.call(resource, { method: 'GET', path: urlPathOf(resource, key) });
  }

  list<T extends KubeObject>(
    resource: ResourceDefinition,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const accept = options.metadataOnly
      ? `application/json;${METADATA.replace('PartialObjectMetadata', 'PartialObjectMetadataList')}`
      : 'application/json';
    return this.call(resource, {
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

  /** Rejects with AlreadyExists if the object exists. */
  create<T extends KubeObject>(
    resource: ResourceDefinition,
    object: T,
    fieldManager: string,
  ): Promise<T> {
    const { namespace } = object.metadata;
    return this.call(resource, {
      method: 'POST',
      path: collectionPath(resource, namespace),
      query: { fieldManager, fieldValidation: 'Strict' },
      body: typed(resource, object),
      contentType: 'application/json',
    });
  }

  /**
   * Server-side apply. Creates or changes exactly the given fields, and prunes those that only this
   * manager has set before.
   */
  apply<T extends KubeObject>(
    resource: ResourceDefinition,
    object: T,
    fieldManager: string,
  ): Promise<T> {
    return this.call(resource, {
      method: 'PATCH',
      path: urlPathOf(resource, keyOf(object)),
      query: { fieldManager, force: 'true', fieldValidation: 'Strict' },
      body: typed(resource, object),
      contentType: 'application/apply-patch+yaml',
    });
  }

  /**
   * JSON merge patch. If it contains a stale `metadata.resourceVersion`, it rejects with Conflict.
   * `dryRun` validates it without writing.
   */
  mergePatch<T extends KubeObject>(
    resource: ResourceDefinition,
    key: ObjectKey,
    patch: unknown,
    options: { fieldManager: string; subresource?: 'status'; dryRun?: boolean },
  ): Promise<T> {
    return this.call(resource, {
      method: 'PATCH',
      path: urlPathOf(resource, key, options.subresource),
      query: {
        fieldManager: options.fieldManager,
        dryRun: options.dryRun === true ? 'All' : undefined,
      },
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  /** With `uid`, rejects with Conflict if the name belongs to another object. */
  async delete(resource: ResourceDefinition, key: ObjectKey, uid?: string): Promise<void> {
    await this.call(resource, {
      method: 'DELETE',
      path: urlPathOf(resource, key),
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
    return this.call(resource, {
      method: 'POST',
      path: urlPathOf(resource, key, subresource),
      body,
      contentType: 'application/json',
    });
  }

  /** Asks a question, such as a SubjectAccessReview. Nothing is stored. */
  review<T>(resource: ResourceDefinition, spec: object): Promise<T> {
    return this.call(resource, {
      method: 'POST',
      path: collectionPath(resource, undefined),
      body: { apiVersion: apiVersionOf(resource), kind: resource.kind, spec },
      contentType: 'application/json',
    });
  }

  /** Yields events until the server ends the watch. Only the signal limits the time. */
  async *watch(
    resource: ResourceDefinition,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    yield* this.#transport.lines<WatchEvent>(resource, {
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
  }

  /** Every method except `watch` calls the API server through this one. */
  protected call<T>(resource: ResourceDefinition, call: Call): Promise<T> {
    return this.#transport.json(resource, call);
  }
}

/** Without a namespace, a namespaced resource is listed in all namespaces. */
function collectionPath(resource: ResourceDefinition, namespace: string | undefined): string {
  return urlPathOf(resource, namespace === undefined ? {} : { namespace });
}

function typed<T extends KubeObject>(resource: ResourceDefinition, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

/**
 * A live read. Undefined only if the server says that this very object doesn't exist, or if none can
 * have the name, which may come from anywhere.
 */
export async function getIfExists<T extends KubeObject>(
  client: Client,
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<T | undefined> {
  if (!isPathSegment(key.name)) return undefined;
  try {
    return await client.get<T>(resource, key);
  } catch (error) {
    if (isNotFound(error, key.name)) return undefined;
    throw error;
  }
}

/** With `uid`, rejects with Conflict if the name belongs to another object. */
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
