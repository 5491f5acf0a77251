/**
 * The values by which users are looked up: e-mail addresses, for identity providers, and everything
 * that a person's name may begin with, for people who type it. An index finds both.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../scim/json.ts';
import { compareText, fold } from '../../scim/text.ts';
import { sameValue } from '../../scim/values.ts';

/** A row of the index, in addition to the tenant and the user. */
export interface LookupValue {
  readonly value: string;
  /**
   * The types of the e-mail addresses that have the value; see typeLine. Empty if it is none, and so
   * only people look for it.
   */
  readonly types: string;
}

/** In JSON, nothing but a separator is a newline, and a quote inside of a text is escaped. */
export const typeLine = (type: unknown): string => `\n${JSON.stringify(type)}`;

/** Of an address without a type. */
const NO_TYPE = '\n';

/** The attributes that have values. */
const SOURCES = ['userName', 'name', 'displayName', 'emails'];

/** A longer name is found by its beginning. */
const MOST_CHARACTERS = 100;

/**
 * Takes the attributes of a user or their search document, in the order in which lists show the
 * values. A name that another value begins with is left out, because whatever finds it also finds
 * the other one.
 */
export function lookupValues(attributes: JsonObject): readonly LookupValue[] {
  const userName = fold(String(attributes.userName));
  const emails = typesByEmail(attributes.emails);
  const exact = new Set([userName, ...emails.keys()]);
  const names = new Set(namesOf(attributes));
  const all = [...exact, ...names];
  const more = [...names].filter(
    (name) => !all.some((other) => other.startsWith(name) && (other !== name || exact.has(name))),
  );
  return [...exact, ...more].toSorted(compareText).map((value) => ({
    value,
    types: emails.get(value) ?? '',
  }));
}

/**
 * What has to be written, so that the index has the values of the next attributes instead of the
 * current ones.
 */
export function lookupChange(
  current: JsonObject | undefined,
  next: JsonObject | undefined,
): { readonly removed: readonly string[]; readonly written: readonly LookupValue[] } {
  if (current === undefined) return { removed: [], written: next ? lookupValues(next) : [] };
  if (next && SOURCES.every((key) => sameValue(current[key], next[key]))) {
    return { removed: [], written: [] };
  }
  const [before, after] = [current, next].map((each) => (each ? lookupValues(each) : []));
  const [had, has] = [byValue(before), byValue(after)];
  return {
    removed: [...had.keys()].filter((value) => !has.has(value)),
    written: [...has.values()].filter(({ value, types }) => had.get(value)?.types !== types),
  };
}

function byValue(values: readonly LookupValue[] = []): ReadonlyMap<string, LookupValue> {
  return new Map(values.map((each) => [each.value, each]));
}

function typesByEmail(emails: JsonValue | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, Set<string>>();
  for (const email of Array.isArray(emails) ? emails : []) {
    if (!isJsonObject(email) || typeof email.value !== 'string') continue;
    const value = fold(email.value);
    const line = typeof email.type === 'string' ? typeLine(fold(email.type)) : NO_TYPE;
    const lines = found.get(value);
    if (lines === undefined) found.set(value, new Set([line]));
    else lines.add(line);
  }
  return new Map([...found].map(([value, lines]) => [value, [...lines].join('')]));
}

function namesOf({ displayName, name }: JsonObject): readonly string[] {
  const parts = isJsonObject(name) ? [name.givenName, name.familyName] : [];
  return [displayName, ...parts]
    .filter((each) => typeof each === 'string' && each !== '')
    .map((each) => beginningOf(fold(String(each))));
}

function beginningOf(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : [...text].slice(0, MOST_CHARACTERS).join('');
}
