/**
 * Names of users and groups as an identity provider sent them. They may contain any character, in
 * any direction, and have 1,000 characters and more.
 */

/** Controls, and characters that change the direction of the text around them. */
const INVISIBLE = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
/** Controls, and what reverses or hides a part of the text. Marks of a direction are harmless. */
const OVERRIDES = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;
/** In lists, so that a page of 100 hostile names stays small. */
const LIST_LENGTH = 80;

/**
 * For attributes and the title of a page, where nothing isolates the direction of a name from the
 * text around it.
 */
export const plainName = (name: string): string => shortenName(name.replace(INVISIBLE, ' '));

/** Shortens to a number of code points, so that no character is cut in half. */
export function shortenName(name: string, length = LIST_LENGTH): string {
  if (name.length <= length) return name;
  const points = Array.from(name.slice(0, 2 * length + 2));
  return points.length <= length ? name : `${points.slice(0, length - 1).join('')}…`;
}

/**
 * A name within other text, with a sign in place of what would reverse it. `whole` shows all of it,
 * however long.
 */
export const Name = ({ of, whole = false }: { of: string; whole?: boolean }) => {
  const shown = of.replace(OVERRIDES, '\uFFFD');
  return <bdi>{whole ? shown : shortenName(shown)}</bdi>;
};
