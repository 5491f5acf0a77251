/**
 * Parses the body of a Bulk into operations and checks each as far as possible without the
 * directory (RFC 7644 §3.7).
 */

import { referencedBy, referencesIn } from './bulk-references.ts';
import { invalidPath, invalidSyntax, invalidValue, ScimError } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue, property } from './json.ts';
import { MAX_OPERATIONS } from './limits.ts';
import type { ResourceType } from './schema.ts';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
type BulkMethod = (typeof METHODS)[number];

interface BulkRequest {
  /** The number of errors after which the Bulk stops; Infinity if every operation is tried. */
  readonly failOnErrors: number;
  readonly operations: readonly BulkOperation[];
}

/** `method` and `bulkId` are repeated in the response. */
export interface BulkOperation {
  readonly method: string | undefined;
  readonly bulkId: string | undefined;
  readonly request: OperationRequest | ScimError;
}

/** An operation as the HTTP request that it stands for. */
export interface OperationRequest {
  readonly method: BulkMethod;
  readonly type: ResourceType;
  /** From the path; may be a reference to another operation. Empty for a POST. */
  readonly id: string;
  /** Acts as `If-Match` does. */
  readonly version: string | undefined;
  /** Empty for a DELETE. */
  readonly data: JsonObject;
  /** The bulkIds that the path and the data reference. */
  readonly references: ReadonlySet<string>;
}

/**
 * An invalid operation becomes a ScimError in its place. Throws if the body as a whole is invalid:
 * invalidSyntax, or ScimError 413 for too many operations.
 */
export function parseBulk(body: unknown, types: readonly ResourceType[]): BulkRequest {
  if (!isJsonObject(body)) throw invalidSyntax('the body must be a JSON object');
  const given = property(body, 'operations');
  if (!Array.isArray(given)) throw invalidSyntax('Operations must be an array');
  if (given.length > MAX_OPERATIONS) {
    throw new ScimError(413, `the Bulk has more than ${MAX_OPERATIONS} operations`);
  }
  const operations = given.map((operation) => parseOperation(operation, types));
  refuseTwins(operations);
  return { failOnErrors: parseFailOnErrors(property(body, 'failonerrors')), operations };
}

/** 0 means the same as 1: stop at the first error. */
function parseFailOnErrors(value: JsonValue | undefined): number {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return Math.max(1, value);
  throw invalidSyntax('failOnErrors must be a whole number, 0 or more');
}

/** If two POSTs had the same bulkId, a reference to it would be ambiguous. */
function refuseTwins(operations: readonly BulkOperation[]): void {
  const known = new Set<string>();
  for (const { method, bulkId } of operations) {
    if (method !== 'POST' || bulkId === undefined) continue;
    if (known.has(bulkId)) {
      throw invalidSyntax(
        `more than one POST has the bulkId ${JSON.stringify(bulkId.slice(0, 64))}`,
      );
    }
    known.add(bulkId);
  }
}

function parseOperation(operation: JsonValue, types: readonly ResourceType[]): BulkOperation {
  if (!isJsonObject(operation)) throw invalidSyntax('each operation must be a JSON object');
  const named = property(operation, 'method');
  const method = typeof named === 'string' ? named.toUpperCase() : undefined;
  const bulkId = parseBulkId(property(operation, 'bulkid'));
  return { method, bulkId, request: requestOrRefusal(operation, method, bulkId, types) };
}

function parseBulkId(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function requestOrRefusal(
  operation: JsonObject,
  named: string | undefined,
  bulkId: string | undefined,
  types: readonly ResourceType[],
): OperationRequest | ScimError {
  const method = METHODS.find((each) => each === named);
  if (method === undefined) return invalidValue(`method must be one of ${METHODS.join(', ')}`);
  if (method === 'POST' && bulkId === undefined) return invalidValue('a POST must have a bulkId');
  const target = parsePath(property(operation, 'path'), method, types);
  if (target === undefined) return invalidPath(pathsOf(method, types));
  const version = property(operation, 'version') ?? undefined;
  if (version !== undefined && typeof version !== 'string') {
    return invalidValue('version must be a string');
  }
  const data = method === 'DELETE' ? {} : dataOf(method, property(operation, 'data'));
  if (!isJsonObject(data)) return invalidValue(`the data of a ${method} must be a JSON object`);
  const inPath = referencedBy(target.id);
  const references = referencesIn(data);
  if (inPath !== undefined) references.add(inPath);
  return { method, ...target, version, data, references };
}

/**
 * In the RFC's own example of a PATCH, the data is the list of operations itself (RFC 7644 §3.7.3).
 */
function dataOf(method: BulkMethod, data: JsonValue | undefined): JsonValue | undefined {
  return method === 'PATCH' && Array.isArray(data) ? { Operations: data } : data;
}

/** Relative to the endpoint. Extra or missing slashes are accepted, as in URLs. */
function parsePath(
  path: JsonValue | undefined,
  method: BulkMethod,
  types: readonly ResourceType[],
): Pick<OperationRequest, 'type' | 'id'> | undefined {
  if (typeof path !== 'string') return undefined;
  const [first, ...others] = path.split('/').filter((part) => part !== '');
  const type = types.find(({ endpoint }) => endpoint === `/${first}`);
  const id = others.join('/');
  return type === undefined || (method === 'POST') !== (id === '') ? undefined : { type, id };
}

function pathsOf(method: BulkMethod, types: readonly ResourceType[]): string {
  const paths = types.map(({ endpoint }) => (method === 'POST' ? endpoint : `${endpoint}/{id}`));
  return `the path of a ${method} must be ${paths.join(' or ')}`;
}
