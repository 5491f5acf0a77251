/** The addresses of pages. */

/**
 * The page of a tenant, or one below it. The overview of a tenant called `me` has an address of its
 * own, because /console/me is about the visitor.
 */
export function tenantHref(tenant: string, ...below: readonly string[]): string {
  const parts = below.length === 0 && tenant === 'me' ? ['overview'] : below;
  return ['/console', tenant, ...parts].map(encodePart).join('/');
}

const encodePart = (part: string): string =>
  part.startsWith('/') ? part : encodeURIComponent(part);

/** The address with a query of those parameters that have a value. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const set = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`;
}
