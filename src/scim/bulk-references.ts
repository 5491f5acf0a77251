/** Where the operations of a Bulk name each other: `bulkId:qwerty` in place of an id (RFC 7644 §3.7.2). */
import { ScimError } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** Ids of the resources created so far, by bulkId; undefined where that failed. */
export type CreatedIds = ReadonlyMap<string, string | undefined>;

const MARK = 'bulkId:';

/** In most places a reference is the whole text; a URL ends with it, and filters in the paths of a PATCH compare with it. */
const WHOLE = /^bulkId:(.+)$/gs;
const PATTERNS: ReadonlyMap<string, RegExp> = new Map([
  ['$ref', /(?<=^|\/)bulkId:([^/]+)$/g],
  ['path', /(?<=")bulkId:([^"]+)(?=")/g],
]);

/** The bulkId in the place of an id. */
export function referencedBy(id: string): string | undefined {
  return id.startsWith(MARK) ? id.slice(MARK.length) : undefined;
}

/** All bulkIds that are named, at any depth. */
export function referencesIn(data: JsonObject): Set<string> {
  const found = new Set<string>();
  collect(data, '', found);
  return found;
}

function collect(value: JsonValue, key: string, found: Set<string>): void {
  if (typeof value === 'string') {
    for (const [, bulkId = ''] of matches(value, key)) found.add(bulkId);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, key, found);
  } else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) collect(value[name] ?? null, name, found);
  }
}

function matches(text: string, key: string): Iterable<RegExpMatchArray> {
  return text.includes(MARK) ? text.matchAll(patternOf(key)) : [];
}

function patternOf(key: string): RegExp {
  return PATTERNS.get(key.toLowerCase()) ?? WHOLE;
}

/** The data with ids in the place of all references. Throws ScimError 409 for a bulkId under which nothing was created. */
export function resolveReferences(data: JsonObject, ids: CreatedIds): JsonObject {
  return resolveMembers(data, (bulkId) => idOfCreated(bulkId, ids));
}

/** Throws ScimError 409. */
export function idOfCreated(bulkId: string, ids: CreatedIds): string {
  const id = ids.get(bulkId);
  if (id !== undefined) return id;
  const detail = `bulkId:${bulkId.slice(0, 64)} names no resource that this Bulk has created`;
  throw new ScimError(409, detail, 'invalidValue');
}

type Resolve = (bulkId: string) => string;

function resolveMembers(object: JsonObject, resolve: Resolve): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, resolveIn(value, name, resolve)]),
  );
}

function resolveIn(value: JsonValue, key: string, resolve: Resolve): JsonValue {
  if (typeof value === 'string') {
    if (!value.includes(MARK)) return value;
    return value.replaceAll(patternOf(key), (_, bulkId: string) => resolve(bulkId));
  }
  if (Array.isArray(value)) return value.map((each) => resolveIn(each, key, resolve));
  return isJsonObject(value) ? resolveMembers(value, resolve) : value;
}

/** Parts the attributes, and extensions as a whole, that name something not tried yet from those that can be written now. */
export function separateUnresolved(
  data: JsonObject,
  ids: CreatedIds,
): { now: JsonObject; later: JsonObject } {
  const entries = Object.entries(data);
  const waits = ([name, value]: [string, JsonValue]) =>
    [...referencesIn({ [name]: value })].some((bulkId) => !ids.has(bulkId));
  return {
    now: Object.fromEntries(entries.filter((entry) => !waits(entry))),
    later: Object.fromEntries(entries.filter(waits)),
  };
}
