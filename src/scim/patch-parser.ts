/**
 * Parses the body of a PATCH into operations on single attributes (RFC 7644 §3.5.2), with every
 * name resolved and every value normalised.
 */

import { formatAttributePath, refText } from './attribute-path.ts';
import {
  invalidPath,
  invalidSyntax,
  invalidValue,
  mutability,
  noTarget,
  ScimError,
} from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue, property } from './json.ts';
import { MAX_OPERATIONS } from './limits.ts';
import { MEMBERS_AT_ONCE } from './member-lists.ts';
import {
  operationOn,
  type PatchOperation,
  type PatchVerb,
  withJoinedParts,
} from './patch-operation.ts';
import { isIgnored, resolveTarget, type Target, targetOfKey } from './patch-target.ts';
import { type PatchPath, parsePath } from './path.ts';
import { complexFromJson } from './quirks/json-text.ts';
import {
  announcesSchemas,
  attributesFromValue,
  removesByValue,
  valueOfOnly,
  withoutOwnName,
} from './quirks/patch-value.ts';
import { withComparedReferences } from './references.ts';
import { findExtension, type ResourceType, type Schema } from './schema.ts';
import { isEmpty, isEmptyValue, isWritable, normalizeValue } from './values.ts';

/**
 * Throws ScimError 400, or 413 for too many operations. Yields while there is more to do. `baseUrl`
 * is that of the client's endpoint.
 */
export function* parsePatchInSteps(
  body: unknown,
  type: ResourceType,
  baseUrl: string,
): Generator<void, readonly PatchOperation[]> {
  if (!isJsonObject(body)) throw invalidSyntax('the body must be a JSON object');
  const operations = operationsIn(body);
  if (operations.length > MAX_OPERATIONS) {
    throw new ScimError(413, `the PATCH has more than ${MAX_OPERATIONS} operations`);
  }
  const parsed: PatchOperation[] = [];
  let elements = 0;
  for (const operation of operations) {
    for (const each of parseOperation(operation, type)) {
      parsed.push(ofEndpoint(each, baseUrl));
      if (Array.isArray(each.value)) elements += each.value.length;
    }
    if (elements <= MEMBERS_AT_ONCE) continue;
    elements = 0;
    yield;
  }
  return parsed;
}

function ofEndpoint(operation: PatchOperation, baseUrl: string): PatchOperation {
  const { selector } = operation;
  if (selector === undefined) return operation;
  const where = withComparedReferences(selector.where, baseUrl);
  return { ...operation, selector: { ...selector, where } };
}

/**
 * ConnId omits Operations, and Entra's validator sends an empty list. Anything else in their place
 * would be ignored, so it is refused.
 */
function operationsIn(body: JsonObject): readonly JsonValue[] {
  const operations = property(body, 'operations') ?? [];
  if (!Array.isArray(operations)) throw invalidSyntax('Operations must be an array');
  const others = Object.keys(body).filter((key) => !BODY.has(key.toLowerCase()));
  if (operations.length === 0 && others.length > 0) {
    throw invalidSyntax(
      'Operations is missing or empty; it must list objects with op, path and value',
    );
  }
  return operations;
}

const BODY = new Set(['schemas', 'operations']);

function parseOperation(operation: JsonValue, type: ResourceType): readonly PatchOperation[] {
  if (!isJsonObject(operation)) throw invalidSyntax('each operation must be a JSON object');
  const verb = parseVerb(property(operation, 'op'));
  const path = property(operation, 'path') ?? '';
  if (typeof path !== 'string') throw invalidPath('path must be a string');
  const value = property(operation, 'value');
  if (verb !== 'remove' && value === undefined) {
    throw invalidValue(`the operation "${verb}" has no value; to clear the attribute, send null`);
  }
  const text = path.trim();
  const extension = findExtension(type, text);
  if (extension !== undefined) return onExtensionPath(verb, extension, value, type);
  if (text !== '' && !namesCore(type, text)) {
    const parsed = onPath(verb, parsePath(text), value, type);
    if (value === undefined && parsed.some(removesAllElements)) refuseOtherKeys(operation);
    return parsed;
  }
  if (verb === 'remove')
    throw noTarget('the operation "remove" has no path; name the attribute to remove');
  return onResource(verb, attributesFromValue(value), type);
}

const removesAllElements = ({ ref, selector }: PatchOperation): boolean =>
  ref.attribute.multiValued && ref.sub === undefined && selector === undefined;

/**
 * A misspelled `value` must not turn "remove these" into "remove all". Older Entra ID clients send
 * a `name`.
 */
function refuseOtherKeys(operation: JsonObject): void {
  const other = Object.keys(operation).find(
    (key) => !OPERATION.has(key.toLowerCase()) && operation[key] !== null,
  );
  if (other === undefined) return;
  throw invalidSyntax(`${other} is not a key of an operation; the keys are op, path and value`);
}

const OPERATION = new Set(['op', 'path', 'value', 'name']);

function namesCore({ schema }: ResourceType, urn: string): boolean {
  return urn.toLowerCase() === schema.id.toLowerCase();
}

function parseVerb(op: JsonValue | undefined): PatchVerb {
  const verb = typeof op === 'string' ? op.toLowerCase() : undefined;
  if (verb === 'add' || verb === 'replace' || verb === 'remove') return verb;
  throw invalidSyntax('op must be add, replace or remove');
}

function onPath(
  verb: PatchVerb,
  path: PatchPath,
  sent: JsonValue | undefined,
  type: ResourceType,
): readonly PatchOperation[] {
  const target = resolveTarget(path, type);
  if (target === undefined) {
    throw invalidPath(`${formatAttributePath(path.path)} is not an attribute of ${type.name}`);
  }
  const { attribute, sub } = target.ref;
  if (verb === 'add' && announcesSchemas(target, sent, type, normalizeValue)) return [];
  if (attribute.mutability === 'readOnly' || sub?.mutability === 'readOnly') {
    throw mutability(`${refText(target.ref)} is read-only`);
  }
  if (verb === 'remove' && (sub ?? attribute).required) {
    throw mutability(`${refText(target.ref)} is required and can't be removed`);
  }
  if (attribute.mutability === 'writeOnly') return [];
  const value = sent && withoutOwnName(target, sent, (key) => targetOfKey(key, type));
  if (verb === 'remove') return removal(target, value);
  return [operationOn(verb, target, value)];
}

/** Without a value, every element is removed. An empty list, or "", removes none. */
function removal(target: Target, given: JsonValue | undefined): readonly PatchOperation[] {
  const { ref, selector } = target;
  const all = { verb: 'remove', ref, selector, value: undefined } as const;
  if (given === undefined || !removesByValue(target, given)) return [all];
  const value = normalizeValue(ref.attribute, given, refText(ref));
  if (!Array.isArray(value)) {
    if (given === '' || isEmptyValue(complexFromJson(ref.attribute, given))) return [];
    throw invalidValue(
      `the value of the "remove" names no element of ${refText(ref)}; to remove all, omit the value`,
    );
  }
  return [{ ...all, value }];
}

/**
 * An operation without a path. If no attribute is known but the key is `value`, the client forgot
 * the path: `{"value": "2819c223"}`.
 */
function onResource(
  verb: 'add' | 'replace',
  attributes: JsonObject,
  type: ResourceType,
): readonly PatchOperation[] {
  const operations = withoutPath(verb, attributes, type);
  if (operations.length === 0 && property(attributes, 'value') !== undefined) {
    throw invalidValue(
      `${type.name} has no attribute named value; add a path, or send an object of attributes`,
    );
  }
  return operations;
}

/** The path is the URN of an extension. */
function onExtensionPath(
  verb: PatchVerb,
  schema: Schema,
  sent: JsonValue | undefined,
  type: ResourceType,
): readonly PatchOperation[] {
  if (verb === 'remove' || sent === undefined || isEmptyValue(sent)) {
    return onExtension(verb, schema, undefined, type);
  }
  const attributes = attributesFromValue(sent);
  const isUrn = (key: string) => findExtension(type, key) === schema;
  const value = valueOfOnly(attributes, isUrn) ?? attributes;
  const keys = isJsonObject(value) ? Object.keys(value) : [];
  if (keys.length > 0 && !keys.some((key) => extensionTarget(schema, key, type))) {
    throw invalidValue(`the value contains no attribute of ${schema.id}`);
  }
  return onExtension(verb, schema, value, type);
}

/**
 * Expands an extension, which is named by the path or by a key of a value without a path, into
 * operations on its attributes. As with a complex attribute, {} replaces all of them with none.
 */
function onExtension(
  verb: PatchVerb,
  schema: Schema,
  value: JsonValue | undefined,
  type: ResourceType,
): readonly PatchOperation[] {
  const attributes = value === undefined || isEmptyValue(value) ? {} : attributesFromValue(value);
  if (verb !== 'remove' && !isEmpty(attributes)) return withoutPath(verb, attributes, type, schema);
  if (verb === 'add') return [];
  return schema.attributes.filter(isWritable).map((attribute) => ({
    verb: 'remove',
    ref: { extension: schema.id, attribute, sub: undefined },
    selector: undefined,
    value: undefined,
  }));
}

/** The target of a key in an object of the extension's attributes. The key may repeat the URN. */
function extensionTarget(schema: Schema, key: string, type: ResourceType): Target | undefined {
  const target = targetOfKey(`${schema.id}:${key}`, type) ?? targetOfKey(key, type);
  return target?.ref.extension === schema.id ? target : undefined;
}

/**
 * Each key is a path: Entra writes `name.givenName` and `urn:…:User:department`. Unknown and
 * readOnly keys are ignored, because clients send back whole resources.
 */
function withoutPath(
  verb: 'add' | 'replace',
  attributes: JsonObject,
  type: ResourceType,
  within?: Schema,
): readonly PatchOperation[] {
  const operations = Object.entries(attributes).flatMap(([key, value]) => {
    const extension = within === undefined ? findExtension(type, key) : undefined;
    if (extension !== undefined) return onExtension(verb, extension, value, type);
    if (within === undefined && namesCore(type, key)) {
      return withoutPath(verb, attributesFromValue(value), type);
    }
    const target =
      within === undefined ? targetOfKey(key, type) : extensionTarget(within, key, type);
    return target === undefined || isIgnored(target) ? [] : [operationOn(verb, target, value)];
  });
  // The keys of an object have no order: what is cleared as a whole may get other parts.
  const [cleared, given] = [operations.filter(clears), operations.filter((each) => !clears(each))];
  return withJoinedParts([...cleared, ...given]);
}

const clears = ({ selector, value }: PatchOperation): boolean =>
  selector === undefined && value === undefined;
