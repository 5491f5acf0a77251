/** Cookies of this host alone (`__Host-`): no other host, and no plain http, can set or read them. */

/** The cookies of a request, by name. */
export function readCookies(headers: Headers): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const part of (headers.get('cookie') ?? '').split(';')) {
    const each = part.trim();
    const end = each.indexOf('=');
    const name = each.slice(0, end);
    // Browsers send the most specific cookie first.
    if (end > 0 && !cookies.has(name)) cookies.set(name, each.slice(end + 1));
  }
  return cookies;
}

/** The value of `Set-Cookie`. Without an age, the cookie ends with the browser. */
export function setCookie(name: string, value: string, maxAgeSeconds?: number): string {
  const age = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`;
  // Lax, because the browser comes from the identity provider when it needs them.
  return `${name}=${value}; Path=/${age}; Secure; HttpOnly; SameSite=Lax`;
}

export const deleteCookie = (name: string): string => setCookie(name, '', 0);
