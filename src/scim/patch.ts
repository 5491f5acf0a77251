/**
 * Applies PATCH operations to attributes (RFC 7644 §3.5.2.1–3). The input is not changed, so a
 * refused PATCH leaves nothing behind.
 */

import { refText } from './attribute-path.ts';
import { invalidValue, noTarget } from './error.ts';
import { keepImmutable } from './immutable.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { MAX_RESOURCE, MAX_VALUES } from './limits.ts';
import { comparedManager } from './manager.ts';
import { matches } from './match.ts';
import { PatchWork } from './patch-cost.ts';
import { nextElements, partsToRemove } from './patch-elements.ts';
import type { PatchOperation } from './patch-operation.ts';
import { selectorOfParts } from './patch-target.ts';
import { checkRequired } from './required.ts';
import type { Attributes } from './resource.ts';
import type { ResourceType } from './schema.ts';
import { isEmpty, withoutNull, withValue } from './values.ts';

/** Completes what an operation has changed, before the next one is applied. */
export type Settle = (
  before: Attributes,
  after: Attributes,
  operation: PatchOperation,
) => Attributes;

/** Throws noTarget, mutability or invalidValue, and tooMany for operations that cost too much. */
export function applyPatch(
  current: Attributes,
  operations: readonly PatchOperation[],
  type: ResourceType,
  settle: Settle = (_before, after) => after,
): Attributes {
  const work = new PatchWork();
  const changed = operations.reduce(
    (held, each) => settle(held, applyOperation(held, each, work), each),
    current,
  );
  const result = keepImmutable(current, changed, type, 'refused');
  checkRequired(result, type);
  checkSize(current, result);
  return result;
}

/** A resource that is already too large may become smaller. */
function checkSize(current: Attributes, result: Attributes): void {
  const size = JSON.stringify(result).length;
  if (size > MAX_RESOURCE && size > JSON.stringify(current).length) {
    throw invalidValue(`the resource would be longer than ${MAX_RESOURCE} characters`);
  }
}

function applyOperation(
  attributes: Attributes,
  operation: PatchOperation,
  work: PatchWork,
): Attributes {
  const { extension } = operation.ref;
  if (extension === undefined) return applyTo(attributes, operation, work);
  const held = attributes[extension];
  const changed = applyTo(isJsonObject(held) ? held : {}, operation, work);
  return withValue(attributes, extension, isEmpty(changed) ? undefined : changed);
}

function applyTo(holder: JsonObject, operation: PatchOperation, work: PatchWork): JsonObject {
  const { attribute } = operation.ref;
  const current = Object.hasOwn(holder, attribute.name) ? holder[attribute.name] : undefined;
  const elements = Array.isArray(current) ? current : [];
  const isAsked = operation.selector !== undefined && isJsonObject(current);
  work.spend(operation, isAsked ? [current] : elements);
  refuseParts(operation, elements, work);
  const next = attribute.multiValued
    ? nextElements(operation, elements)
    : nextSingle(operation, current);
  if (Array.isArray(next) && next.length > MAX_VALUES) {
    throw invalidValue(`${attribute.name} would have more than ${MAX_VALUES} values`);
  }
  return withValue(holder, attribute.name, next);
}

/**
 * A part of an element might stand for all that have it, or for nothing. Other elements that aren't
 * there have been removed already.
 */
function refuseParts(
  operation: PatchOperation,
  elements: readonly JsonValue[],
  work: PatchWork,
): void {
  const { attribute } = operation.ref;
  const parts = partsToRemove(operation, elements);
  if (parts.length === 0) return;
  const selector = selectorOfParts(parts, attribute);
  work.spend({ ...operation, selector }, elements);
  if (!elements.some((each) => matches(selector.where, each))) return;
  throw invalidValue(
    `the value of the "remove" is a part of an element of ${attribute.name}; send the whole ` +
      `element, or a path with a filter, such as ${attribute.name}[type eq "work"]`,
  );
}

/**
 * Add and replace do the same to a single value. Of a complex value, the sub-attributes that aren't
 * named are kept.
 */
function nextSingle(
  { verb, ref, selector, value }: PatchOperation,
  current: JsonValue | undefined,
): JsonValue | undefined {
  const { sub } = ref;
  if (selector !== undefined && !matches(selector.where, comparedManager(ref, current ?? {}))) {
    if (verb === 'remove') return current;
    throw noTarget(`the value of ${refText(ref)} doesn't match the filter in the path`);
  }
  const given = verb === 'remove' ? undefined : value;
  const named = sub === undefined ? given : { [sub.name]: given ?? null };
  if (!isJsonObject(named)) return named;
  const held = isJsonObject(current) ? current : {};
  const changed = withoutNull({ ...held, ...named });
  return isEmpty(changed) ? undefined : changed;
}
