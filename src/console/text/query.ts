/** Parameters of an address, which anybody can write. */

/** Undefined if the parameter is missing, empty, too long or contains controls. */
export function queryParameter(
  query: URLSearchParams,
  name: string,
  longest = 200,
): string | undefined {
  const value = query.get(name)?.trim();
  if (!value || value.length > longest || /\p{Cc}/u.test(value)) return undefined;
  return value;
}
