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

/** Whether there may be a manager in the JSON of a profile, which costs less than parsing it. */
export function mayHaveManager(json: string): boolean {
  // The extension comes last.
  const extension = json.lastIndexOf(EXTENSION_KEY);
  return extension >= 0 && json.includes('"manager":', extension);
}

const EXTENSION_KEY = `"${ENTERPRISE_USER_URN}":`;

/** The id of the manager, unless the client sent its own URL with it. */
export function managerWithoutReference(attributes: Attributes): string | undefined {
  const manager = managerIn(attributes);
  const id = manager?.value;
  return typeof id === 'string' && id !== '' && manager?.$ref === undefined ? id : undefined;
}

/** The attributes with the URL of the manager. */
export function withManagerReference(attributes: Attributes, $ref: string): Attributes {
  return withManager(attributes, { ...managerIn(attributes), $ref });
}

/** The attributes with the manager as filters compare it: whom a response shows with a URL has one. */
export function withComparedManager(attributes: Attributes): Attributes {
  const id = managerWithoutReference(attributes);
  return id === undefined ? attributes : withManagerReference(attributes, `../Users/${id}`);
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
 * changes nothing.
 */
export function withoutOwnReference(attributes: Attributes): Attributes {
  return settled(attributes, managerIn(attributes)?.value !== undefined);
}

/**
 * The attributes after a PATCH, by the rules of withoutOwnReference. A manager that is changed by
 * `value` alone loses the `$ref` of the previous one.
 */
export function withPatchedManager(
  before: Attributes,
  after: Attributes,
  operations: readonly PatchOperation[],
): Attributes {
  const [held, manager] = [managerIn(before), managerIn(after)];
  if (manager === undefined) return after;
  const named = namedBy(operations);
  if (named.has('value') && manager.value === undefined) return withManager(after, {});
  const isReplaced = held?.value !== undefined && held.value !== manager.value;
  if (isReplaced && manager.$ref !== undefined && !named.has('$ref')) {
    const { $ref: _, ...rest } = manager;
    return withManager(after, rest);
  }
  return named.size === 0 ? after : settled(after, named.has('value'));
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

function settled(attributes: Attributes, byValue: boolean): Attributes {
  const { $ref, ...rest } = managerIn(attributes) ?? {};
  if ($ref === '') return withManager(attributes, rest);
  const id = typeof $ref === 'string' ? referredId($ref) : undefined;
  if (id === undefined) return attributes;
  return withManager(attributes, byValue ? rest : { ...rest, value: id });
}

function referredId($ref: string): string | undefined {
  return RELATIVE.exec($ref)?.[1] ?? ENDPOINT.exec($ref)?.[1];
}

const RELATIVE = /^(?:\.\.\/|\/)?Users\/([^/?#]+)$/;

/**
 * The URL of an endpoint at any address, with an id of the form that newId generates. Any other URL
 * belongs to another system.
 */
const ENDPOINT =
  /^https?:\/\/.+\/scim\/v2\/Users\/([\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12})$/;

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
