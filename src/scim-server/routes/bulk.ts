/**
 * `/Bulk` (RFC 7644 §3.7): many operations in one request, each passed to the handler that would
 * serve it alone.
 */

import { setImmediate } from 'node:timers/promises';
import { type BulkOperation, type OperationRequest, parseBulk } from '../../scim/bulk.ts';
import { type BulkStep, planBulk, stepsTogether } from '../../scim/bulk-plan.ts';
import {
  idOfCreated,
  referencedBy,
  resolveReferences,
  separateUnresolved,
} from '../../scim/bulk-references.ts';
import { ScimError } from '../../scim/error.ts';
import type { JsonObject } from '../../scim/json.ts';
import { MAX_PAYLOAD_BYTES } from '../../scim/limits.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { Answer } from '../answer.ts';
import type { Routes, ScimCall } from '../endpoint.ts';
import { payloadTooLarge, unknownPath } from '../error.ts';
import { operationOf } from '../operations.ts';
import { ID } from '../route-table.ts';
import { isPossibleId } from './resource-answers.ts';

/** So few leave room for other requests, and share a commit. */
const MOST_TOGETHER = 50;
/** The next ones are prepared while the database works on those before them. */
const AT_ONCE = 2;

const WITHOUT_MEMBERS = new Map([['excludedAttributes', ['members']]]);

/** `resources` are the routes of all types, from resourceRoutes. */
export function bulkRoutes(resources: Routes, types: ResourceTypes): Routes {
  return {
    '/Bulk': {
      POST: async (call) => {
        const { operations, failOnErrors } = parseBulk(await call.body(MAX_PAYLOAD_BYTES), [
          types.user,
          types.group,
        ]);
        // The request itself was already counted, and nothing has been done yet.
        call.countRequests(Math.max(0, operations.length - 1));
        const job = new BulkJob(call, resources, operations);
        const steps = planBulk(operations);
        for (let next = 0; next < steps.length; ) {
          // Even if all of these fail, the Bulk stops after exactly as many errors as it may have.
          const most = failOnErrors - job.errors;
          const together = stepsTogether(operations, steps.slice(next), most);
          next += together.length;
          // A resource that was begun must be completed or deleted again.
          if (most <= 0 && together.every(({ part }) => part !== 'complete')) continue;
          await job.takeAll(together);
        }
        return bulkAnswer(job.results());
      },
    },
  };
}

/** `operations` are JSON. */
function bulkAnswer(operations: readonly string[]): Answer {
  const schemas = '["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]';
  return { status: 200, body: `{"schemas":${schemas},"Operations":[${operations.join()}]}` };
}

/** The results of the operations so far. */
class BulkJob {
  /** The number of operations that failed. */
  errors = 0;
  readonly #call: ScimCall;
  readonly #resources: Routes;
  readonly #operations: readonly BulkOperation[];
  readonly #answers = new Map<number, Answer>();
  readonly #ids = new Map<string, string | undefined>();
  /** The missing attributes of resources that were begun. */
  readonly #missing = new Map<number, JsonObject>();

  constructor(call: ScimCall, resources: Routes, operations: readonly BulkOperation[]) {
    this.#call = call;
    this.#resources = resources;
    this.#operations = operations;
  }

  /** Carries out steps that may be carried out at the same time. */
  async takeAll(steps: readonly BulkStep[]): Promise<void> {
    const running: Promise<unknown>[] = [];
    for (let next = 0; next < steps.length; next += MOST_TOGETHER) {
      if (running.length === AT_ONCE) await running.shift();
      // Operations that are refused before they reach the directory would block all other requests.
      await setImmediate();
      const some = steps.slice(next, next + MOST_TOGETHER);
      running.push(Promise.all(some.map((step) => this.#take(step))));
    }
    await Promise.all(running);
  }

  /** Never rejects. */
  async #take({ index, part }: BulkStep): Promise<void> {
    const operation = this.#operations[index];
    if (operation === undefined) return;
    const answer = await (part === 'complete'
      ? this.#complete(index, operation)
      : this.#attempt(() => this.#perform(index, operation, part === 'begin')));
    if (answer === undefined) return;
    this.#answers.set(index, answer);
    if (!isSuccess(answer)) this.errors++;
    if (operation.method === 'POST' && operation.bulkId !== undefined) {
      this.#ids.set(operation.bulkId, answer.created);
    }
  }

  /**
   * The results in the order of the request, in JSON. Operations that were never tried are left
   * out.
   */
  results(): readonly string[] {
    return this.#operations.flatMap((operation, index) => {
      const answer = this.#answers.get(index);
      if (answer === undefined) return [];
      this.#call.countOperation(nameOf(operation), answer.status);
      return [this.#result(operation, answer)];
    });
  }

  async #perform(index: number, { request }: BulkOperation, begin: boolean): Promise<Answer> {
    if (request instanceof ScimError) throw request;
    const { now, later } = begin
      ? separateUnresolved(request.data, this.#ids)
      : { now: request.data, later: {} };
    const data = request.references.size === 0 ? now : resolveReferences(now, this.#ids);
    const answer = await this.#send({ ...request, id: this.#targetId(request), data });
    if (Object.keys(later).length > 0) this.#missing.set(index, later);
    return answer;
  }

  /**
   * Adds the missing attributes. If that fails, the resource is deleted again, because an operation
   * that fails must change nothing.
   */
  async #complete(index: number, { request }: BulkOperation): Promise<Answer | undefined> {
    const created = this.#answers.get(index);
    const missing = this.#missing.get(index);
    if (request instanceof ScimError || created === undefined || missing === undefined) return;
    const ofCreated = { ...request, id: created.created ?? '', version: undefined };
    const completed = await this.#attempt(async () => {
      const value = resolveReferences(missing, this.#ids);
      const data = { Operations: [{ op: 'add', value }] };
      return this.#send({ ...ofCreated, method: 'PATCH', data });
    });
    if (isSuccess(completed)) {
      return { ...created, headers: { ...created.headers, ...completed.headers } };
    }
    const undone = await this.#attempt(() => this.#send({ ...ofCreated, method: 'DELETE' }));
    if (!isSuccess(undone)) {
      this.#call.log(
        { id: ofCreated.id },
        'a resource that could not be completed could not be deleted',
      );
    }
    return completed;
  }

  async #attempt(perform: () => Promise<Answer>): Promise<Answer> {
    try {
      return await perform();
    } catch (error) {
      return this.#call.refuse(error);
    }
  }

  /** Throws what the handler throws. */
  async #send(request: OperationRequest): Promise<Answer> {
    const handler = this.#resources[routeOf(request)]?.[request.method];
    if (handler === undefined) throw unknownPath();
    return handler(callOf(this.#call, request));
  }

  #targetId({ id }: OperationRequest): string {
    const bulkId = referencedBy(id);
    return bulkId === undefined ? id : idOfCreated(bulkId, this.#ids);
  }

  /** The body of a success is left out, that of an error is included (RFC 7644 §3.7.3). */
  #result({ method, bulkId, request }: BulkOperation, answer: Answer): string {
    const location = answer.headers?.Location ?? this.#locationOf(request);
    const version = answer.headers?.ETag;
    const { status, body } = answer;
    const result = JSON.stringify({ location, method, bulkId, version, status: String(status) });
    if (isSuccess(answer) || body === undefined) return result;
    return `${result.slice(0, -1)},"response":${body}}`;
  }

  #locationOf(request: OperationRequest | ScimError): string | undefined {
    if (request instanceof ScimError) return undefined;
    const bulkId = referencedBy(request.id);
    const id = bulkId === undefined ? request.id : this.#ids.get(bulkId);
    if (id === undefined || !isPossibleId(id)) return undefined;
    return `${this.#call.caller.baseUrl}${request.type.endpoint}/${id}`;
  }
}

const routeOf = ({ method, type }: OperationRequest): string =>
  method === 'POST' ? type.endpoint : `${type.endpoint}/${ID}`;

/** An invalid operation has no name of its own. */
function nameOf({ request }: BulkOperation): string {
  return request instanceof ScimError
    ? operationOf(undefined, '')
    : operationOf(routeOf(request), request.method);
}

const isSuccess = ({ status }: Answer): boolean => status < 300;

/** The operation as its handler sees it. */
function callOf(call: ScimCall, { id, version, data }: OperationRequest): ScimCall {
  return {
    ...call,
    request: {
      id,
      // Only the ETag of the response is used, which doesn't need the members.
      queries: () => WITHOUT_MEMBERS,
      header: (name) => (name === 'if-match' ? version : undefined),
    },
    body: async (limit) => withinLimit(data, limit),
  };
}

/** Within a Bulk, an operation must not exceed the limit that it would have on its own. */
function withinLimit(data: JsonObject, limit: number): JsonObject {
  const isWithin = limit >= MAX_PAYLOAD_BYTES || Buffer.byteLength(JSON.stringify(data)) <= limit;
  if (!isWithin) throw payloadTooLarge(limit);
  return data;
}
