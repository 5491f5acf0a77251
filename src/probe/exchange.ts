/** Sends one request to an endpoint. If no response comes, the error says why in one line. */
import type { JsonValue } from '../scim/json.ts';

export interface Endpoint {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly token: string;
  /** Aborts requests in progress. */
  readonly signal?: AbortSignal;
  /** For endpoints that the global fetch can't reach. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface Exchange {
  readonly method: string;
  /** Relative to the endpoint, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonValue;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined if it is empty or not JSON. */
  readonly body: JsonValue | undefined;
  readonly durationMs: number;
}

/** No response came. The message says what happened, for users. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Returns a redirect as it is, because no identity provider follows one. Throws NoAnswerError. */
export async function exchange(
  { baseUrl, token, signal, fetch = globalThis.fetch }: Endpoint,
  request: Exchange,
  timeoutSeconds: number,
): Promise<Reply> {
  const { method, path, body } = request;
  const startedAt = performance.now();
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        'content-type': 'application/scim+json',
        ...request.headers,
        authorization: `Bearer ${token}`,
      },
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const durationMs = performance.now() - startedAt;
    const { status, headers } = response;
    return { status, headers, body: parse(text), durationMs };
  } catch (error) {
    if (timeout.aborted) throw new NoAnswerError(`no response within ${timeoutSeconds} s`);
    if (signal?.aborted) throw new NoAnswerError('interrupted before a response came');
    throw new NoAnswerError(explain(error, new URL(baseUrl)));
  }
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Uses the codes of Node.js and OpenSSL, because fetch itself only says "fetch failed". */
function explain(error: unknown, { host, hostname }: URL): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = textOf(cause, 'code');
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${hostname} can't be resolved (${code}): check the URL and DNS`;
    case 'ECONNREFUSED':
      return `nothing is listening at ${host} (${code}): check the host and the port in the URL`;
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return (
        `${host} closed the connection without a response (${code}): check that the port speaks ` +
        'HTTP and that the URL begins with the right scheme (http or https)'
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `${host} can't be reached (${code}): check the URL, firewalls and proxies`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `${host} doesn't speak TLS (${code}): if it serves http, change https in the URL to http`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${host} has expired (${code})`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${host} is for another name (${code})`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return (
        `the certificate of ${host} is not from a known authority (${code}): identity providers ` +
        'in the cloud require a public one; to test with a private one, set NODE_EXTRA_CA_CERTS'
      );
    default:
      return `${host} did not respond (${code ?? textOf(cause, 'message') ?? String(error)})`;
  }
}

function textOf(error: unknown, key: 'code' | 'message'): string | undefined {
  const value = error instanceof Error ? Reflect.get(error, key) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
