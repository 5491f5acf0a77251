/** Where the browser goes after a sign-in: a page of the console, never another site. */

const CONSOLE = '/console';

/** Of the page with its query. They are kept in a cookie. */
const MOST_CHARACTERS = 1_024;
/** What URL parsers drop, or take for a slash. */
const MISREAD = /[\p{C}\s\\]/u;

/** Returns the path and query of the target, or `/console` if it isn't a page of the console. */
export function returnTarget(target: string | undefined): string {
  if (target === undefined || MISREAD.test(target)) return CONSOLE;
  if (!target.startsWith(CONSOLE)) return CONSOLE;
  const base = 'https://console.invalid';
  if (!URL.canParse(target, base)) return CONSOLE;
  const { origin, pathname, search } = new URL(target, base);
  const isBelow = pathname === CONSOLE || pathname.startsWith(`${CONSOLE}/`);
  const page = `${pathname}${search}`;
  return origin === base && isBelow && page.length <= MOST_CHARACTERS ? page : CONSOLE;
}
