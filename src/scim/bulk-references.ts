/**
 * References between the operations of a Bulk: `bulkId:qwerty` in place of an id (RFC 7644 §3.7.2).
 */
import { ScimError } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** Ids of the resources created so far, by bulkId; undefined if the creation failed. */
type CreatedIds = ReadonlyMap<string, string | undefined>;

const MARK = /bulkId:/i;
const WHOLE = /^bulkId:(.+)$/is;

/** In a `$ref`, the URL ends with the reference. */
const IN_REF = /(?<=^|\/)bulkId:([^/]+)$/gi;
/** In JSON that is sent as a string, a reference is a whole string or the end of a URL. */
const IN_JSON = /(?<=["/])bulkId:([^"\\/]+)(?=")/gi;
/**
 * The literals in the path of a PATCH: text in quotes of any kind, or a word that is a reference.
 */
const LITERAL =
  /"(?:[^"\\]|\\[\s\S]?)*"?|(?<![^\s[(])'[^']*'?|“[^”]*”?|‘[^’]*’?|(?<![^\s[(])bulkId:[^\s"'()[\]]+/gi;
const QUOTES = /^["'“‘]|["'”’]$/g;

/** The bulkId, if the whole text is a reference. */
export function referencedBy(text: string): string | undefined {
  return WHOLE.exec(text)?.[1];
}

type Resolve = (bulkId: string) => string;

/** All bulkIds that the data references, at any depth. */
export function referencesIn(data: JsonObject): Set<string> {
  const found = new Set<string>();
  collect(data, '', (bulkId) => {
    found.add(bulkId);
    return bulkId;
  });
  return found;
}

function collect(value: JsonValue, key: string, found: Resolve): void {
  if (typeof value === 'string') {
    if (MARK.test(value)) replaceIn(value, key, found);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, key, found);
  } else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) collect(value[name] ?? null, name, found);
  }
}

/** A reference is the whole text, except in a `$ref`, in the path of a PATCH and in JSON. */
function replaceIn(text: string, key: string, resolve: Resolve): string {
  const name = key.toLowerCase();
  if (name === 'path') return replaceInPath(text, resolve);
  const bulkId = name === '$ref' ? undefined : referencedBy(text);
  if (bulkId !== undefined) return resolve(bulkId);
  const pattern = name === '$ref' ? IN_REF : IN_JSON;
  if (pattern === IN_JSON && !/^\s*[{[]/.test(text)) return text;
  return text.replaceAll(pattern, (_, named: string) => resolve(named));
}

function replaceInPath(text: string, resolve: Resolve): string {
  return text.replaceAll(LITERAL, (literal) => {
    const bulkId = referencedBy(literal.replaceAll(QUOTES, ''));
    return bulkId === undefined ? literal : JSON.stringify(resolve(bulkId));
  });
}

/**
 * Replaces every reference by the id. Throws ScimError 409 for a bulkId under which nothing was
 * created.
 */
export function resolveReferences(data: JsonObject, ids: CreatedIds): JsonObject {
  return resolveMembers(data, (bulkId) => idOfCreated(bulkId, ids));
}

/** Throws ScimError 409. */
export function idOfCreated(bulkId: string, ids: CreatedIds): string {
  const id = ids.get(bulkId);
  if (id !== undefined) return id;
  const detail = `this Bulk created no resource with the bulkId ${JSON.stringify(bulkId.slice(0, 64))}`;
  throw new ScimError(409, detail, 'invalidValue');
}

function resolveMembers(object: JsonObject, resolve: Resolve): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, resolveIn(value, name, resolve)]),
  );
}

function resolveIn(value: JsonValue, key: string, resolve: Resolve): JsonValue {
  if (typeof value === 'string') {
    return MARK.test(value) ? replaceIn(value, key, resolve) : value;
  }
  if (Array.isArray(value)) return value.map((each) => resolveIn(each, key, resolve));
  return isJsonObject(value) ? resolveMembers(value, resolve) : value;
}

/**
 * Separates the attributes, and whole extensions, that can be written now from those that reference
 * an operation not tried yet.
 */
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
