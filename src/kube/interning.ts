/**
 * Keeps each text of cached objects in memory once. They mostly say the same: API versions, labels,
 * messages, and the names and UIDs of their owners.
 */

/** Replaces the texts in a new and plain object, which nothing else may refer to. Returns it. */
export function interned<T>(value: T): T {
  if (typeof value === 'string') return shared(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  const parts = value as Record<string, unknown>;
  for (const name of Object.keys(parts)) parts[name] = interned(parts[name]);
  return value;
}

/** V8 keeps the name of a property once, for as long as anything refers to it. */
function shared(text: string): string {
  const names = Object.create(null) as Record<string, true>;
  names[text] = true;
  for (const name in names) return name;
  return text;
}
