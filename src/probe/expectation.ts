/** Whether an answer is what was expected of it; says where it isn't. */
import { isJsonObject, type JsonValue } from '../scim/json.ts';

/** The first difference, for a person; undefined when `actual` has all that `expected` names (see Step). */
export function findDifference(
  expected: JsonValue,
  actual: JsonValue | undefined,
  path = 'the body',
): string | undefined {
  if (expected === null) {
    return actual === undefined || actual === null ? undefined : `${path} should be absent`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path} should be a list`;
    if (actual.length !== expected.length) {
      return `${path} should have ${expected.length} elements, not ${actual.length}`;
    }
    return firstDifference(expected, actual, (index) => `${path}[${index}]`);
  }
  if (isJsonObject(expected)) {
    if (!isJsonObject(actual)) return `${path} should be an object`;
    return firstDifference(expected, actual, (key) => `${path}.${key}`);
  }
  if (actual === expected) return undefined;
  return `${path} should be ${JSON.stringify(expected)}, not ${JSON.stringify(actual)}`;
}

function firstDifference(
  expected: object,
  actual: object,
  nameOf: (key: string) => string,
): string | undefined {
  for (const [key, value] of Object.entries(expected)) {
    const held = Object.hasOwn(actual, key) ? Reflect.get(actual, key) : undefined;
    const difference = findDifference(value, held, nameOf(key));
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** The value at a dotted path such as `Resources.0.id`. */
export function valueAt(body: JsonValue | undefined, path: string): JsonValue | undefined {
  return path
    .split('.')
    .reduce<JsonValue | undefined>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? Reflect.get(value, key)
          : undefined,
      body,
    );
}
