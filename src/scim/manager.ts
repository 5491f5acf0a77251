/**
 * The manager of the EnterpriseUser extension. It is the only reference to another resource that
 * clients write: an id, optionally with a URL.
 */
import type { AttributeRef } from './condition.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { PatchOperation } from './patch-parser.ts';
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
  return typeof id === 'string' && OUR_ID.test(id) && manager?.$ref === undefined ? id : undefined;
}

/** The form in which newId generates ids. */
const ID = '[\\da-f]{8}-[\\da-f]{4}-7[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}';
const OUR_ID = new RegExp(`^${ID}$`);

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
const OURS_AS_JSON = new RegExp(`"manager":\\{"value":"(${ID})"\\}`);

/** The attributes with the manager as filters compare it, which is as a response shows it. */
export function withComparedManager(attributes: Attributes): Attributes {
  const id = managerHere(attributes);
  if (id === undefined) return attributes;
  return withManager(attributes, { ...managerIn(attributes), $ref: `../Users/${id}` });
}

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
  return settled(attributes, managerIn(attributes)?.value !== undefined, baseUrl);
}

/**
 * The attributes after a PATCH, by the rules of withoutOwnReference. A new manager who is named by
 * `value` or `$ref` alone loses the other one, which is still that of the previous manager.
 */
export function withPatchedManager(
  before: Attributes,
  after: Attributes,
  operations: readonly PatchOperation[],
  baseUrl: string,
): Attributes {
  const [held, manager] = [managerIn(before), managerIn(after)];
  if (manager === undefined) return after;
  const named = namedBy(operations);
  if (named.has('value') && manager.value === undefined) return withManager(after, {});
  const { value, $ref, ...rest } = manager;
  if (!named.has('$ref') && value !== held?.value) {
    return withManager(after, value === undefined ? rest : { ...rest, value });
  }
  if (!named.has('$ref')) return after;
  const isOther = !named.has('value') && !!$ref && $ref !== held?.$ref;
  const next = isOther ? withManager(after, { ...rest, $ref }) : after;
  return settled(next, named.has('value'), baseUrl);
}

/**
 * The sub-attributes of the manager that the operations set or clear, since one removed all of it.
 */
function namedBy(operations: readonly PatchOperation[]): ReadonlySet<string> {
  const named = new Set<string>();
  for (const { verb, ref, selector, value } of operations) {
    if (!isManager(ref)) continue;
    // Where the filter doesn't match, nothing is removed.
    if (verb === 'remove' && selector !== undefined) continue;
    if (verb === 'remove' && ref.sub !== undefined) named.delete(ref.sub.name);
    else if (ref.sub !== undefined) named.add(ref.sub.name);
    else if (isJsonObject(value)) for (const name of Object.keys(value)) named.add(name);
    else named.clear();
  }
  return named;
}

function settled(attributes: Attributes, byValue: boolean, baseUrl: string): Attributes {
  const { $ref, ...rest } = managerIn(attributes) ?? {};
  if ($ref === '') return withManager(attributes, rest);
  const id = typeof $ref === 'string' ? referredId($ref, baseUrl) : undefined;
  if (id === undefined) return attributes;
  return withManager(attributes, byValue ? rest : { ...rest, value: id });
}

/**
 * The id in a URL of the endpoint, or in a reference without a host in any of its forms. Any other
 * URL belongs to another system, even if it looks like one of ours.
 */
function referredId($ref: string, baseUrl: string): string | undefined {
  const url = URL.parse($ref)?.href ?? $ref;
  const path = url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length) : $ref;
  return OF_USER.exec(path)?.[1];
}

const OF_USER = /^(?![A-Za-z][A-Za-z\d+.-]*:|\/\/)(?:[^?#]*\/)?Users\/([^/?#]+)$/;

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
