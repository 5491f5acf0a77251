/**
 * The steps around the handler of every SCIM request: authentication, the rate limit, errors,
 * metrics and the log.
 */
import type { Context } from 'hono';
import type { Caller, Directory } from '../directory/caller.ts';
import type { RequestTracker } from '../directory/last-requests.ts';
import type { Permissions } from '../directory/permissions.ts';
import type { Authenticated } from '../directory/store/tokens.ts';
import { andThen, type Eventual, eventual } from '../eventual.ts';
import type { ServerBindings } from '../http/application.ts';
import type { Logger } from '../logger.ts';
import { type AccessEntry, logAccess } from './access-log.ts';
import { type Answer, toResponse } from './answer.ts';
import {
  authenticateRequest,
  checkServed,
  type EndpointPath,
  parseEndpoint,
} from './authentication.ts';
import { readJson } from './body.ts';
import { errorAnswer, methodNotAllowed, noEndpoint, unknownPath } from './error.ts';
import { bodyShares, HeldAnswers, HeldBody } from './memory-shares.ts';
import type { Operation, RequestMetrics } from './metrics.ts';
import { operationOf } from './operations.ts';
import { type Parameters, queriesOf } from './query-string.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RecentRequests } from './recent-requests.ts';
import { createRefusals } from './refusal.ts';
import { RouteTable } from './route-table.ts';

/**
 * The parts of a request that handlers need. An operation of a Bulk provides them without being an
 * HTTP request.
 */
export interface ScimRequest {
  /** The id at the end of the path, for routes that have one. */
  readonly id: string | undefined;
  /** The values of every parameter of the URL, by its name as sent. */
  queries(): Parameters;
  /** `name` in lower case. */
  header(name: string): string | undefined;
}

/** An authenticated request. */
export interface ScimCall {
  readonly request: ScimRequest;
  readonly caller: Caller;
  /** The parsed body; see readJson. */
  body(limit: number): Promise<unknown>;
  /** Logs what the client isn't told, with the request id. */
  log(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** The response to an error that a handler threw. A defect is logged. */
  refuse(error: unknown): Answer;
  /**
   * Call this before a request whose response may be long. Throws ScimError 429 or 503 if there is no
   * room for one.
   */
  expectLong(): void;
  /**
   * Counts this many additional requests for the rate limit. Throws ScimError 429 if there are too
   * many.
   */
  countRequests(more: number): void;
  /** Counts an operation of a Bulk; see operationOf. */
  countOperation(name: string, status: number): void;
}

type ScimHandler = (call: ScimCall) => Eventual<Answer>;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];
type Methods = { readonly [M in Method]?: ScimHandler };
/** By their paths below the endpoint; see RouteTable. */
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

interface Route {
  /** Undefined for a path that no route serves. */
  readonly path: string | undefined;
  readonly methods: Methods | undefined;
  readonly operationFor: (method: string) => Operation;
}

/** The part of a path that names an integration, and what serves the rest of it. */
interface Target {
  readonly endpoint: EndpointPath | undefined;
  readonly route: Route;
  readonly id: string | undefined;
}

/**
 * Returns one Hono handler for all paths and methods: a chain of middleware would cost a tenth of
 * the throughput.
 */
export function createEndpoint(options: EndpointOptions, routes: Routes) {
  const { log, metrics, recent, directory } = options;
  const refusals = createRefusals(log);
  const shares = bodyShares();
  const answers = new HeldAnswers();
  const routeOf = (path: string | undefined, methods: Methods | undefined): Route => ({
    path,
    methods,
    operationFor: operationsAt(path, metrics),
  });
  const table = new RouteTable(
    Object.entries(routes).map(([path, methods]) => [path, routeOf(path, methods)] as const),
  );
  const unknown = routeOf(undefined, undefined);
  const targetOf = (path: string): Target => {
    const endpoint = parseEndpoint(path);
    const { route, id } = (endpoint && table.find(endpoint.rest)) ?? { route: unknown };
    return { endpoint, route, id };
  };
  return (context: ScimContext): Eventual<Response> => {
    const startedAt = context.env?.arrivedAt ?? performance.now();
    const { method, path, url } = context.req;
    const target = targetOf(path);
    const { route } = target;
    const access: AccessEntry = {
      requestId: requestIdOf(context.req.header('x-request-id')),
      method,
      path,
      route: route.path,
      tenant: undefined,
      integration: undefined,
      keyId: undefined,
      body: undefined,
    };
    const refuse: Refuse = (error) => refusals.refuse(error, access.requestId);
    const held = new HeldBody(shares);
    const served = eventual(() =>
      andThen(serve(context, target, options, access, held, answers, refuse), (answer) =>
        sent(answer, target, method, access.integration, answers),
      ),
    );
    const complete = (answer: Answer): Response => {
      held.release();
      const { tenant, integration } = access;
      const caller =
        tenant === undefined || integration === undefined
          ? undefined
          : { tenant, integrationId: integration };
      if (caller !== undefined && answer.status !== 503) refusals.answered();
      const response = toResponse(answer, access.requestId);
      const ms = performance.now() - startedAt;
      metrics.answered(route.operationFor(method), answer.status, ms / 1000, caller);
      const meant = answer.status === 401 ? metrics.unauthorized(path) : undefined;
      logAccess(log, access, answer.status, ms, meant);
      // A request without a valid token is nobody's.
      if (caller !== undefined) recent?.note({ access, url, at: directory.now(), ms, answer });
      return response;
    };
    return andThen(served instanceof Promise ? served.catch(refuse) : served, complete);
  };
}

/**
 * The response to HEAD has no body, and one that is long counts until it is sent. Throws ScimError
 * 429 or 503 if there is no room for what a read found.
 */
function sent(
  answer: Answer,
  { route }: Target,
  method: string,
  integration: string | undefined,
  answers: HeldAnswers,
): Answer {
  if (answer.long === undefined || integration === undefined) return answer;
  const { long, ...rest } = answer;
  if (method === 'HEAD') return rest;
  if (method === 'GET' || route.path?.endsWith('/.search')) answers.check(integration);
  return { ...rest, long: answers.hold(integration, long) };
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

type Refuse = (error: unknown) => Answer;

function serve(
  { req, env }: ScimContext,
  { endpoint, route: { methods }, id }: Target,
  { directory, publicUrl, log, tracker, limit, clock, permissions, metrics }: EndpointOptions,
  access: AccessEntry,
  held: HeldBody,
  answers: HeldAnswers,
  refuse: Refuse,
): Eventual<Answer> {
  if (endpoint === undefined) throw noEndpoint();
  const at = directory.now();
  const authorization = req.raw.headers.get('authorization');
  const admit = ({ integration, keyId }: Authenticated): Eventual<Answer> => {
    access.tenant = integration.tenant;
    access.integration = integration.id;
    access.keyId = keyId;
    env?.authenticated?.(authorization, `${integration.id} ${keyId}`);
    checkServed(integration);
    tracker.note(integration.id, keyId, at);
    limit(integration.id, clock());
    if (methods === undefined) throw unknownPath();
    const method = servedAs(req.method);
    const handler = Object.hasOwn(methods, method) ? methods[method as Method] : undefined;
    if (handler === undefined) return refuseMethod(req.method, methods);
    const { requestId } = access;
    const scope = {
      tenant: integration.tenant,
      integrationId: integration.id,
      requestId,
      client: env,
    };
    const baseUrl = `${publicUrl}/api/v1/${integration.tenant}/integrations/${integration.id}/scim/v2`;
    return handler({
      request: {
        id,
        queries: () => queriesOf(req.url),
        header: (name) => req.header(name),
      },
      caller: { scope, permissions, baseUrl },
      // Without a server around the application, as in tests, there are no bindings.
      body: async (most) => {
        const grow = (bytes: number) => held.grow(integration.id, bytes);
        access.body = await readJson(req.raw, most, env?.admitBody ?? (() => {}), grow);
        return access.body;
      },
      log: (fields, message) => log.info({ requestId, ...fields }, message),
      refuse,
      expectLong: () => answers.check(integration.id),
      countRequests: (more) => limit(integration.id, clock(), more),
      countOperation: (name, status) => metrics.bulkOperation(name, status, scope),
    });
  };
  return andThen(authenticateRequest(directory.store, endpoint, authorization, at), admit);
}

function refuseMethod(method: string, methods: Methods): Answer {
  const allowed = Object.keys(methods).flatMap((each) => (each === 'GET' ? [each, 'HEAD'] : each));
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
