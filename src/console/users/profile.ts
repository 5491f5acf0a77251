/** A user's attributes as rows of a table. Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../scim/json.ts';

export interface ProfileRow {
  /** The path that SCIM and the mappings of identity providers use, without the extension. */
  readonly path: string;
  /** What distinguishes a value of several, such as its type. */
  readonly note: string | undefined;
  readonly value: string;
  /** The path of the value, or of its list, in the log of activity. */
  readonly attribute: string;
}

export interface Profile {
  readonly rows: readonly ProfileRow[];
  /** How many more values there are. */
  readonly left: number;
}

const MAX_ROWS = 150;
const LONGEST_VALUE = 1_000;
/** Shown first, in this order. */
const FIRST = ['userName', 'displayName', 'name', 'emails', 'title'];

export function profileOf(attributes: JsonObject): Profile {
  const names = Object.keys(attributes).filter((name) => !HIDDEN.has(name));
  const all = names
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .flatMap((name) => rowsOf(name, attributes[name] ?? null));
  return { rows: all.slice(0, MAX_ROWS), left: Math.max(0, all.length - MAX_ROWS) };
}

/** Shown in other places. A password is never stored, and would never be shown. */
const HIDDEN = new Set(['active', 'externalId', 'password', 'groups', 'schemas', 'id', 'meta']);

const placeOf = (name: string): number => {
  const place = FIRST.indexOf(name);
  return place === -1 ? FIRST.length : place;
};

function rowsOf(name: string, value: JsonValue): readonly ProfileRow[] {
  if (!name.includes(':') || !isJsonObject(value)) return leaves(name, value);
  return Object.entries(value).flatMap(([key, each]) => leaves(`${name}:${key}`, each));
}

/** The log of activity has lists as a whole, so `list` is the path of the one that a value is in. */
function leaves(path: string, value: JsonValue, list?: string): readonly ProfileRow[] {
  if (Array.isArray(value))
    return value.flatMap((each: JsonValue) => element(path, each, list ?? path));
  if (isJsonObject(value))
    return Object.entries(value).flatMap(([key, each]) => leaves(`${path}.${key}`, each, list));
  return [{ path, note: undefined, value: textOf(value), attribute: list ?? path }];
}

/** An element with a `value` is one row. Its type and whether it is the primary one are notes. */
function element(path: string, each: JsonValue, list: string): readonly ProfileRow[] {
  if (!isJsonObject(each) || each.value === undefined) return leaves(path, each, list);
  const notes = [each.type, each.primary === true ? 'primary' : undefined, each.display];
  const note = notes.filter((one) => typeof one === 'string').join(', ');
  return [
    { path, note: note === '' ? undefined : note, value: textOf(each.value), attribute: list },
  ];
}

function textOf(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}
