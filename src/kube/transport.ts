/**
 * Sends calls to the API server, with credentials, a deadline, a metric and a typed error, and only
 * while the fence permits it.
 */
import { type Dispatcher, request } from 'undici';
import type { ApiAccess, Connection } from './connection.ts';
import { Deadline } from './deadline.ts';
import { errorFromAnswer } from './error-answer.ts';
import { ApiError, CredentialsError } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import { type ResourceDefinition, SECRETS, TOKEN_REVIEWS } from './resource.ts';

/** The condition under which calls may be sent. */
export interface Fence {
  /** Throws if nothing may be sent any more. Called at the last moment. */
  permit(): void;
  /** Aborts the calls in progress. */
  readonly signal: AbortSignal;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Record<string, string | undefined>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

interface TransportOptions {
  readonly metrics: KubeMetrics | undefined;
  readonly deadlineMs: number;
  readonly fence: Fence | undefined;
}

/** What the API server says about these may quote a secret. */
const CONFIDENTIAL: ReadonlySet<ResourceDefinition> = new Set([SECRETS, TOKEN_REVIEWS]);

/** Every method rejects with ApiError. */
export class Transport {
  readonly #connection: Connection;
  readonly #metrics: KubeMetrics | undefined;
  readonly #host: string;
  readonly #deadlineMs: number;
  readonly #fence: Fence | undefined;

  constructor(connection: Connection, { metrics, deadlineMs, fence }: TransportOptions) {
    this.#connection = connection;
    this.#deadlineMs = deadlineMs;
    this.#metrics = metrics;
    this.#fence = fence;
    this.#host = new URL(connection.server).host;
  }

  /** Resolves with the body, or rejects after the deadline. */
  async json<T>(resource: ResourceDefinition, call: Call): Promise<T> {
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

  /** Yields each line of the body until the server ends it. Only the signal limits the time. */
  async *lines<T>(resource: ResourceDefinition, call: Call): AsyncGenerator<T> {
    const answer = await this.#send(resource, call);
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield JSON.parse(line) as T;
      }
    } catch (error) {
      throw asApiError(error, `watch ${resource.plural}`);
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
        CONFIDENTIAL.has(resource),
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

  /** Repeats the call once with renewed credentials if it was refused, which changed nothing. */
  async #exchange(call: Call): Promise<Dispatcher.ResponseData> {
    const access = await this.#connection.access();
    const answer = await this.#request(call, access);
    if (answer.statusCode !== 401) return answer;
    const renewed = await this.#connection.renew(access);
    if (renewed === undefined) return answer;
    await answer.body.dump();
    return this.#request(call, renewed);
  }

  #request(call: Call, { dispatcher, headers }: ApiAccess): Promise<Dispatcher.ResponseData> {
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

function asApiError(error: unknown, call: string): ApiError {
  if (error instanceof ApiError) return error;
  // The message of JSON.parse quotes the text, which may be a Secret.
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
  // Either of the two may fire first.
  if (error.name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT')
    return 'no response before the deadline';
  return typeof code === 'string' ? code : error.message;
}
