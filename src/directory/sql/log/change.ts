/** What changed: stored as the changed attributes before and after, read by paths. */
import type { JsonObject, JsonValue } from '../../../scim/json.ts';
import type { Attributes } from '../../../scim/resource.ts';
import { sameValue } from '../../../scim/values.ts';
import { type ActivityChange, type AttributeChange, MAX_LOGGED_IDS } from '../../store/activity.ts';

/** As JSON. */
interface StoredChange {
  /** The attributes that changed, as they were. */
  readonly before: string | null;
  /** The attributes that changed, as they are. */
  readonly after: string | null;
  /** The ids that joined and left, by the name of the attribute. */
  readonly moved: string | null;
}

export interface Ids {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Ids that joined or left a group, and groups that a deleted resource left. */
export type Moved = Readonly<Partial<Record<'members' | 'groups', Ids>>>;

export const isMoved = (moved: Moved): boolean => Object.values(moved).some(isAny);

const isAny = ({ added, removed }: Ids): boolean => added.length > 0 || removed.length > 0;

export function storedChange(
  before: Attributes | undefined,
  after: Attributes | undefined,
  moved: Moved = {},
): StoredChange {
  const isUpdate = before !== undefined && after !== undefined;
  const changed = isUpdate ? changedKeys(before, after) : undefined;
  const ids = Object.entries(moved).filter(([, each]) => isAny(each));
  return {
    before: jsonOf(before, changed),
    after: jsonOf(after, changed),
    moved: ids.length === 0 ? null : JSON.stringify(Object.fromEntries(ids.map(capped))),
  };
}

function changedKeys(before: Attributes, after: Attributes): readonly string[] {
  if (before === after) return [];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !sameValue(before[key], after[key]));
}

function jsonOf(attributes: Attributes | undefined, keys?: readonly string[]): string | null {
  if (attributes === undefined) return null;
  if (keys === undefined) return JSON.stringify(attributes);
  const picked = keys.filter((key) => Object.hasOwn(attributes, key));
  if (picked.length === 0) return null;
  return JSON.stringify(Object.fromEntries(picked.map((key) => [key, attributes[key]])));
}

function capped([name, { added, removed }]: [string, Ids]): [string, AttributeChange] {
  const most = MAX_LOGGED_IDS;
  const joined = { added: added.slice(0, most), addedCount: added.length };
  const left = { removed: removed.slice(0, most), removedCount: removed.length };
  return [name, { ...(added.length > 0 && joined), ...(removed.length > 0 && left) }];
}

/** The result of several changes of the same list, applied in order. */
export function combined(changes: readonly Ids[]): Ids {
  const [only] = changes;
  if (only !== undefined && changes.length === 1) return only;
  // An id that joined can't join again before it left, so nothing occurs twice.
  if (changes.every((each) => each.removed.length === 0))
    return { added: changes.flatMap((each) => each.added), removed: [] };
  if (changes.every((each) => each.added.length === 0))
    return { added: [], removed: changes.flatMap((each) => each.removed) };
  const [added, removed] = [new Set<string>(), new Set<string>()];
  for (const change of changes) {
    for (const id of change.removed) if (!added.delete(id)) removed.add(id);
    for (const id of change.added) if (!removed.delete(id)) added.add(id);
  }
  return { added: [...added], removed: [...removed] };
}

export function changeOf({ before, after, moved }: StoredChange): ActivityChange {
  const [old, next] = [byPath(before), byPath(after)];
  const paths = [...new Set([...old.keys(), ...next.keys()])];
  const values = paths
    .filter((path) => !sameValue(old.get(path), next.get(path)))
    .map((path): [string, AttributeChange] => [
      path,
      {
        ...(old.has(path) && { before: old.get(path) }),
        ...(next.has(path) && { after: next.get(path) }),
      },
    ]);
  const ids: Readonly<Record<string, AttributeChange>> = moved === null ? {} : JSON.parse(moved);
  const others = Object.entries(ids).filter(([, each]) => Object.keys(each).length > 0);
  return Object.fromEntries([...values, ...others]);
}

/** The values by their paths (RFC 7644 §3.10). The values of a list stay together. */
function byPath(json: string | null): ReadonlyMap<string, JsonValue> {
  const found = new Map<string, JsonValue>();
  const add = (path: string, value: JsonValue, separator: ':' | '.') => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      found.set(path, value);
      return;
    }
    for (const [key, each] of Object.entries(value)) add(`${path}${separator}${key}`, each, '.');
  };
  const attributes: JsonObject = json === null ? {} : JSON.parse(json);
  for (const [key, value] of Object.entries(attributes)) {
    add(key, value, key.startsWith('urn:') ? ':' : '.');
  }
  return found;
}
