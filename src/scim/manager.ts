/**
 * The manager of the EnterpriseUser extension. It is the only reference to another resource that
 * clients write: an id, optionally with a URL.
 */
import { isJsonObject, type JsonObject } from './json.ts';
import type { Attributes } from './resource.ts';
import { ENTERPRISE_USER_URN } from './schemas/enterprise-user.ts';

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

/**
 * The attributes as they are stored. A `$ref` that says no more than `value` is left out, because
 * it is generated for each response. A client can therefore send back what it read without changing
 * it. If the client changed only one of the two, the other one follows.
 */
export function withoutOwnReference(attributes: Attributes, before: Attributes = {}): Attributes {
  const { $ref, ...rest } = managerIn(attributes) ?? {};
  if (typeof $ref !== 'string') return attributes;
  const earlier = managerIn(before);
  const unchanged = rest.value === undefined || rest.value === earlier?.value;
  const id = referredId($ref);
  if (unchanged && $ref === earlier?.$ref) return attributes;
  if (unchanged && id !== undefined) return withManager(attributes, { ...rest, value: id });
  // What was read of the earlier manager says nothing about the new one.
  const stale = $ref === earlier?.$ref || (id !== undefined && id === earlier?.value);
  const redundant = id !== undefined && id === rest.value;
  return stale || redundant ? withManager(attributes, rest) : attributes;
}

function referredId($ref: string): string | undefined {
  return OWN_REFERENCE.exec($ref)?.[2];
}

/** The relative forms, and the URL of an endpoint at any address. */
const OWN_REFERENCE = /^((?:\.\.\/|\/)?|https?:\/\/.+\/scim\/v2\/)Users\/([^/]+)$/;

function managerIn(attributes: Attributes): JsonObject | undefined {
  const extension = attributes[ENTERPRISE_USER_URN];
  const manager = isJsonObject(extension) ? extension.manager : undefined;
  return isJsonObject(manager) ? manager : undefined;
}

function withManager(attributes: Attributes, manager: JsonObject): Attributes {
  const extension = attributes[ENTERPRISE_USER_URN];
  return {
    ...attributes,
    [ENTERPRISE_USER_URN]: { ...(isJsonObject(extension) ? extension : {}), manager },
  };
}
