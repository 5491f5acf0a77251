/**
 * The steps around the handler of every SCIM request: authentication, the rate limit, errors,
 * metrics and the log.
 */
import type { Context } from 'hono';
import type { Caller, Directory } from '../directory/caller.ts';
import type { RequestTracker } from '../directory/last-requests.ts';
import type { Permissions } from '../directory/permissions.ts';
import type { Scope } from '../directory/store/resources.ts';
import type { ServerBindings } from '../http/server.ts';
import type { Logger } from '../logger.ts';
import { type AccessEntry, logAccess } from './access-log.ts';
import { type Answer, toResponse } from './answer.ts';
import { authenticateRequest, checkServed, parseEndpoint } from './authentication.ts';
import { readJson } from './body.ts';
import { BodyShares, HeldBody } from './body-shares.ts';
import { errorAnswer, methodNotAllowed, unknownPath } from './error.ts';
import type { Operation, RequestMetrics } from './metrics.ts';
import { operationOf } from './operations.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RecentRequests } from './recent-requests.ts';
import { createRefusals } from './refusal.ts';

/**
 * The parts of a request that handlers need. An operation of a Bulk provides them without being an
 * HTTP request.
 */
export interface ScimRequest {
  param(name: string): string | undefined;
  /** The values of every parameter of the URL, by its name as sent. */
  queries(): Readonly<Record<string, readonly string[]>>;
  /** `name` in lower case. */
  header(name: string): string | undefined;
}

/** An authenticated request. */
export interface ScimCall {
  readonly request: ScimRequest;
  readonly caller: Caller;
  /**
   * URL of the integration's endpoint, as configured: the Host header is not used. Without a
   * trailing slash.
   */
  readonly baseUrl: string;
  /** The parsed body; see readJson. */
  body(limit: number): Promise<unknown>;
  /** Logs what the client isn't told, with the request id. */
  log(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** The response to an error that a handler threw. A defect is logged. */
  refuse(error: unknown): Answer;
  /**
   * Counts this many additional requests for the rate limit. Throws ScimError 429 if there are too
   * many.
   */
  countRequests(more: number): void;
  /** Counts an operation of a Bulk; see operationOf. */
  countOperation(name: string, status: number): void;
}

type ScimHandler = (call: ScimCall) => Answer | Promise<Answer>;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];
type Methods = { readonly [M in Method]?: ScimHandler };
/** Paths below the endpoint, with Hono's parameters. */
export type Routes = Readonly<Record<string, Methods>>;

interface EndpointOptions {
  readonly directory: Directory;
  readonly publicUrl: string;
  readonly log: Logger;
  readonly tracker: Pick<RequestTracker, 'note'>;
  readonly recent: Pick<RecentRequests, 'note'> | undefined;
  readonly limit: RateLimit;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  readonly permissions: Permissions;
  readonly metrics: RequestMetrics;
}

type ScimContext = Context<{ Bindings: ServerBindings }>;

/**
 * Returns one Hono handler for all methods of a route: a chain of middleware would cost a tenth of
 * the throughput. Without a route, the path is unknown.
 */
export function createEndpoint(options: EndpointOptions) {
  const { log, metrics, recent, directory } = options;
  const refusals = createRefusals(log);
  const shares = new BodyShares();
  return (route?: string, methods?: Methods) => {
    const operationFor = operationsAt(route, metrics);
    const shownRoute = route?.replaceAll(/\{[^}]*\}/g, '');
    return async (context: ScimContext): Promise<Response> => {
      const startedAt = context.env?.arrivedAt ?? performance.now();
      const { method, path } = context.req;
      const access: AccessEntry = {
        requestId: requestIdOf(context.req.header('x-request-id')),
        method,
        path,
        route: shownRoute,
        tenant: undefined,
        integration: undefined,
        keyId: undefined,
        body: undefined,
      };
      const refuse: Refuse = (error) => refusals.refuse(error, access.requestId);
      const held = new HeldBody(shares);
      const answer = await serve(context, methods, options, access, held, refuse).catch(refuse);
      held.release();
      if (access.integration !== undefined && answer.status !== 503) refusals.answered();
      const response = toResponse(answer, access.requestId);
      const ms = performance.now() - startedAt;
      metrics.answered(operationFor(method), response.status, ms / 1000, callerOf(access));
      const meant = response.status === 401 ? metrics.unauthorized(path) : undefined;
      logAccess(log, access, response.status, ms, meant);
      // A request without a valid token is nobody's.
      if (access.integration !== undefined)
        recent?.note({ access, url: context.req.url, at: directory.now(), ms, answer });
      return response;
    };
  };
}

const servedAs = (method: string): string => (method === 'HEAD' ? 'GET' : method);

/** The metrics of each method of a route, looked up once. */
function operationsAt(route: string | undefined, metrics: RequestMetrics) {
  const operations = new Map<string, Operation>(
    METHODS.map((method) => [method, metrics.operation(operationOf(route, method))]),
  );
  const other = metrics.operation(operationOf(undefined, ''));
  return (method: string): Operation => operations.get(servedAs(method)) ?? other;
}

function callerOf({ tenant, integration }: AccessEntry): Scope | undefined {
  return tenant === undefined || integration === undefined
    ? undefined
    : { tenant, integrationId: integration };
}

type Refuse = (error: unknown) => Answer;

async function serve(
  { req, env }: ScimContext,
  methods: Methods | undefined,
  { directory, publicUrl, log, tracker, limit, clock, permissions, metrics }: EndpointOptions,
  access: AccessEntry,
  held: HeldBody,
  refuse: Refuse,
): Promise<Answer> {
  const path = parseEndpoint(req.path);
  if (path === undefined) throw unknownPath();
  const at = directory.now();
  const authorization = req.raw.headers.get('authorization');
  const { integration, keyId } = await authenticateRequest(
    directory.store,
    path,
    authorization,
    at,
  );
  Object.assign(access, { tenant: integration.tenant, integration: integration.id, keyId });
  env?.authenticated?.(authorization ?? undefined);
  checkServed(integration);
  tracker.note(integration.id, keyId, at);
  limit(integration.id, clock());
  if (methods === undefined) throw unknownPath();
  const method = servedAs(req.method);
  const handler = Object.hasOwn(methods, method) ? methods[method as Method] : undefined;
  if (handler === undefined) return refuseMethod(req.method, methods);
  const { requestId } = access;
  const scope = { tenant: integration.tenant, integrationId: integration.id, requestId };
  return handler({
    request: req,
    caller: { scope, permissions },
    baseUrl: `${publicUrl}/api/v1/${integration.tenant}/integrations/${integration.id}/scim/v2`,
    // Without a server around the application, as in tests, there are no bindings.
    body: async (most) => {
      const grow = (bytes: number) => held.grow(integration.id, bytes);
      access.body = await readJson(req.raw, most, env?.admitBody ?? (() => {}), grow);
      return access.body;
    },
    log: (fields, message) => log.info({ requestId, ...fields }, message),
    refuse,
    countRequests: (more) => limit(integration.id, clock(), more),
    countOperation: (name, status) => metrics.bulkOperation(name, status, scope),
  });
}

function refuseMethod(method: string, methods: Methods): Answer {
  const allowed = Object.keys(methods);
  const refusal = errorAnswer(methodNotAllowed(method, allowed));
  // RFC 9110 §15.5.6
  return { ...refusal, headers: { ...refusal.headers, Allow: allowed.join(', ') } };
}

/** A client's own id is used if it can't disturb a log or a header. */
const SANE = /^[\w.:/+=-]{1,128}$/;

/** The id that connects a request to its log lines. */
function requestIdOf(header: string | undefined): string {
  return header !== undefined && SANE.test(header) ? header : crypto.randomUUID();
}
