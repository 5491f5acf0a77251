/** Accepts paths of clients whose base URL has extra slashes. */

/**
 * The path of a URL, still percent-encoded. Keycloak's `//Users` and PingFederate's `/Users/` mean
 * `/Users`.
 */
export function normalPath(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.slice(start).search(/[?#]/);
  const path = end < 0 ? url.slice(start) : url.slice(start, start + end);
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path;
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}
