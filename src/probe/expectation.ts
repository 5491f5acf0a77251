/** Compares a response with what was expected, and says where they differ. */
import { isJsonObject, type JsonValue } from '../scim/json.ts';

/** For people to read. Both sides name the place. */
export interface Difference {
  readonly expected: string;
  readonly actual: string;
}

/**
 * Returns the first difference, or undefined if `actual` has everything that `expected` asks for:
 * - An object may have more keys than expected.
 * - A list must have exactly the expected elements, in any order. `{"$has": […]}` allows more.
 * - null expects an absent attribute, null or an empty list, which are the same (RFC 7643 §2.5).
 * - `{"$is": "number"}`, "text", "boolean" or "list" expects any value of that kind.
 */
export function findDifference(
  expected: JsonValue,
  actual: JsonValue | undefined,
  path = 'body',
): Difference | undefined {
  if (expected === null) {
    const absent = actual === undefined || actual === null;
    return absent || (Array.isArray(actual) && actual.length === 0)
      ? undefined
      : { expected: `no ${path}`, actual: `${path} is ${JSON.stringify(actual)}` };
  }
  if (Array.isArray(expected)) return differenceOfLists(expected, actual, path, false);
  if (!isJsonObject(expected)) {
    return actual === expected ? undefined : differs(path, JSON.stringify(expected), actual);
  }
  if (typeof expected.$is === 'string') return differenceOfKind(expected.$is, actual, path);
  if (Array.isArray(expected.$has)) return differenceOfLists(expected.$has, actual, path, true);
  if (!isJsonObject(actual)) return differs(path, 'an object', actual);
  for (const [key, value] of Object.entries(expected)) {
    const held = Object.hasOwn(actual, key) ? actual[key] : undefined;
    const difference = findDifference(value, held, `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** The names that `$is` may use. No value is of any other kind. */
function kindOf(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : typeof value;
}

function differenceOfKind(kind: string, actual: JsonValue | undefined, path: string) {
  return kindOf(actual) === kind ? undefined : differs(path, `a ${kind}`, actual);
}

/** Looks for each expected element among those that no earlier one has matched. */
function differenceOfLists(
  expected: readonly JsonValue[],
  actual: JsonValue | undefined,
  path: string,
  mayHaveMore: boolean,
): Difference | undefined {
  if (!Array.isArray(actual)) return differs(path, 'a list', actual);
  const left: JsonValue[] = [...actual];
  for (const wanted of expected) {
    const index = left.findIndex((each) => findDifference(wanted, each) === undefined);
    if (index < 0) {
      // With one element on each side, the exact place is known.
      const [only] = actual;
      return actual.length === 1 && expected.length === 1
        ? findDifference(wanted, only, `${path}[0]`)
        : {
            expected: `${path} with ${JSON.stringify(wanted)}`,
            actual: `${path} is ${JSON.stringify(actual)}`,
          };
    }
    left.splice(index, 1);
  }
  const [extra] = left;
  if (mayHaveMore || extra === undefined) return undefined;
  const elements = expected.length === 1 ? '1 element' : `${expected.length} elements`;
  return {
    expected: `${path} with ${elements}`,
    actual: `${path} also has ${JSON.stringify(extra)}`,
  };
}

function differs(path: string, expected: string, actual: JsonValue | undefined): Difference {
  return {
    expected: `${path} is ${expected}`,
    actual: actual === undefined ? `no ${path}` : `${path} is ${JSON.stringify(actual)}`,
  };
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
