/** The parameters of a URL. */

export type Parameters = ReadonlyMap<string, readonly string[]>;

const NONE: Parameters = new Map();

/** The values of every parameter in the URL's query, by its name as sent. */
export function queriesOf(url: string): Parameters {
  const start = url.indexOf('?');
  if (start < 0) return NONE;
  const fragment = url.indexOf('#');
  // Without a query, the fragment may contain a question mark.
  if (fragment >= 0 && fragment < start) return NONE;
  const found = new Map<string, string[]>();
  for (const [name, value] of pairsOf(url.slice(start + 1, fragment < 0 ? undefined : fragment))) {
    const others = found.get(name);
    if (others === undefined) found.set(name, [value]);
    else others.push(value);
  }
  return found;
}

/** The names and values in a query, in order. What has no name is left out. */
export function pairsOf(query: string): readonly (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    if (name === '') continue;
    pairs.push([name, equals < 0 ? '' : decoded(pair.slice(equals + 1))]);
  }
  return pairs;
}

/**
 * Stands for bytes that are not UTF-8, so that the text is not well-formed. Clients that encode in
 * Latin-1 send such.
 */
const NOT_UTF8 = '\udfff';

/**
 * A plus sign is a space, as in a form, unless the first space is encoded as `%20`: then it is
 * itself (RFC 3986 §2.2), as in `userName%20eq%20"ada+1@acme.example"`. A percent sign that encodes
 * nothing stays as it is.
 */
function decoded(encoded: string): string {
  const [plus, space] = [encoded.indexOf('+'), encoded.indexOf('%20')];
  const isForm = plus >= 0 && (space < 0 || plus < space);
  const text = isForm ? encoded.replaceAll('+', ' ') : encoded;
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return NOT_UTF8;
      }
    });
  }
}
