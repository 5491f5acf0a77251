/**
 * The manager of the EnterpriseUser extension. It is the only reference to another resource that
 * clients write: an id, optionally with a URL.
 */
import type { AttributeRef } from './condition.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { PatchOperation } from './patch-operation.ts';
import { comparedReference, ID_PATTERN, isOurId, ownReference } from './references.ts';
import type { Attributes } from './resource.ts';
import { ENTERPRISE_USER_URN } from './schemas/enterprise-user.ts';
import { isEmpty, withValue } from './values.ts';

/**
 * The id of a manager who is a user here, as far as the value tells: it has the form of an id, and
 * the client sent no URL with it. Whether there is such a user doesn't matter, so that a response and
 * a filter need nothing but the user's own attributes.
 */
function managerHere(attributes: Attributes): string | undefined {
  const manager = managerIn(attributes);
  const id = manager?.value;
  return typeof id === 'string' && isOurId(id) && manager?.$ref === undefined ? id : undefined;
}

/** The JSON of a profile with the URL of the manager, if it is a user here. */
export function withManagerUrl(json: string, urlOf: (id: string) => string): string {
  // The extension comes last.
  const extension = json.lastIndexOf(EXTENSION_KEY);
  const found = extension < 0 ? null : OURS_AS_JSON.exec(json.slice(extension));
  if (found === null) return json;
  const [text, id = ''] = found;
  const end = extension + found.index + text.length - 1;
  return `${json.slice(0, end)},"$ref":${JSON.stringify(urlOf(id))}${json.slice(end)}`;
}

const EXTENSION_KEY = `"${ENTERPRISE_USER_URN}":`;
/** In a string, the quotes would be escaped. */
const OURS_AS_JSON = new RegExp(`"manager":\\{"value":"(${ID_PATTERN})"\\}`);

/** The attributes with the manager as filters compare it, which is as a response shows it. */
export function withComparedManager(attributes: Attributes): Attributes {
  const id = managerHere(attributes);
  if (id === undefined) return attributes;
  const $ref = comparedReference({ collection: USERS, id });
  return withManager(attributes, { ...managerIn(attributes), $ref });
}

const USERS = 'Users';

/** The same for the value of one attribute. */
export function comparedManager(ref: AttributeRef, held: JsonValue): JsonValue {
  if (!isManager(ref)) return held;
  return managerIn(withComparedManager({ [ENTERPRISE_USER_URN]: { manager: held } })) ?? held;
}

/**
 * The attributes of a POST or PUT as they are stored. A `$ref` to a resource here is left out, since
 * each response gets a new one; so a client can send back what it read. It says who the manager is
 * only if there is no `value`. What was stored before doesn't matter, so a request that is repeated
 * changes nothing. `baseUrl` is that of the client's endpoint.
 */
export function withoutOwnReference(attributes: Attributes, baseUrl: string): Attributes {
  const manager = managerIn(attributes);
  return manager === undefined ? attributes : withManager(attributes, settled(manager, baseUrl));
}

/**
 * Settles the manager after each operation of one PATCH, by the rules of withoutOwnReference. A new
 * manager who is named by `value` or `$ref` alone loses the other one, which is still that of the
 * previous manager, unless just the operation before has set it: the two may name one manager.
 */
export function settlingManager(
  baseUrl: string,
): (before: Attributes, after: Attributes, operation: PatchOperation) => Attributes {
  let fresh: readonly Name[] = [];
  return (before, after, operation) => {
    const { verb, ref, selector } = operation;
    const held = managerIn(before);
    const manager = managerIn(after);
    // Where the filter doesn't match, nothing is removed.
    const isUnmatched = verb === 'remove' && selector !== undefined && held === manager;
    if (!isManager(ref) || isUnmatched) return after;
    const named = namesIn(operation);
    // {} changes nothing.
    if (named.length === 0 && manager !== undefined) return after;
    const left = ofOneManager({ verb, named, held, manager: manager ?? {} }, fresh);
    const next = settled(left, baseUrl);
    const isPair = NAMES.every(
      (name) => next[name] && (named.includes(name) || fresh.includes(name)),
    );
    fresh = isPair ? [] : named.filter((name) => next[name]);
    return withManager(after, next);
  };
}

const NAMES = ['value', '$ref'] as const;
type Name = (typeof NAMES)[number];

/** What the operation sets or removes; nothing if it removes the whole manager. */
function namesIn({ ref: { sub }, value }: PatchOperation): readonly Name[] {
  const named = isJsonObject(value) ? Object.keys(value) : [];
  return NAMES.filter((name) => (sub === undefined ? named.includes(name) : sub.name === name));
}

interface ManagerChange {
  readonly verb: PatchOperation['verb'];
  readonly named: readonly Name[];
  readonly held: JsonObject | undefined;
  readonly manager: JsonObject;
}

/** Without what is left of the previous manager. */
function ofOneManager(
  { verb, named, held, manager }: ManagerChange,
  fresh: readonly Name[],
): JsonObject {
  const [name, another] = named;
  if (name === 'value' && !manager.value) {
    const isKept = another === undefined && (fresh.includes('$ref') || isAbsent(held, verb));
    return isKept ? manager : {};
  }
  const set = named.filter((each) => manager[each]);
  const [only] = set;
  // What is still beside a `$ref` that this PATCH set and now clears is of the previous manager.
  if (only === undefined && named.length > 0 && fresh.includes('$ref')) return {};
  if (only === undefined || set.length > 1 || manager[only] === held?.[only]) return manager;
  const other = only === 'value' ? '$ref' : 'value';
  return fresh.includes(other) ? manager : withValue(manager, other, undefined);
}

/** Whether there was no `value` to remove. To set it to null says that there is no manager. */
const isAbsent = (held: JsonObject | undefined, verb: PatchOperation['verb']): boolean =>
  verb === 'remove' && held?.value === undefined;

function settled(manager: JsonObject, baseUrl: string): JsonObject {
  const { $ref, ...rest } = manager;
  if ($ref === '') return rest;
  const own = typeof $ref === 'string' ? ownReference($ref, baseUrl) : undefined;
  if (own?.collection !== USERS) return manager;
  return rest.value === undefined ? { ...rest, value: own.id } : rest;
}

const isManager = ({ extension, attribute }: AttributeRef): boolean =>
  extension === ENTERPRISE_USER_URN && attribute.name === 'manager';

function managerIn(attributes: Attributes): JsonObject | undefined {
  const extension = attributes[ENTERPRISE_USER_URN];
  const manager = isJsonObject(extension) ? extension.manager : undefined;
  return isJsonObject(manager) ? manager : undefined;
}

function withManager(attributes: Attributes, manager: JsonObject): Attributes {
  const extension = attributes[ENTERPRISE_USER_URN];
  const held = isJsonObject(extension) ? extension : {};
  const changed = withValue(held, 'manager', isEmpty(manager) ? undefined : manager);
  return withValue(attributes, ENTERPRISE_USER_URN, isEmpty(changed) ? undefined : changed);
}
