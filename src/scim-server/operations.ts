/**
 * Names what a request does, for the metrics. The set of names is small, and clients can't add to
 * it.
 */

const OTHER = 'other';

/** Path segments that are one operation, whatever follows and whatever the method is. */
const SINGLE = new Map([
  ['', 'search'],
  ['.search', 'search'],
  ['Bulk', 'bulk'],
  ['Me', 'me'],
  ['Schemas', 'schemas'],
  ['ResourceTypes', 'resource_types'],
  ['ServiceProviderConfig', 'service_provider_config'],
  ['ServiceProviderConfigs', 'service_provider_config'],
]);

const OF_ALL = new Map([
  ['GET', 'list'],
  ['POST', 'create'],
]);
const OF_SEARCH = new Map([['POST', 'search']]);
const OF_ONE = new Map([
  ['GET', 'get'],
  ['PUT', 'replace'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/**
 * `path` is the path of a route, with its parameters as patterns. Returns `other` if there is no
 * path, or if the method isn't served there.
 */
export function operationOf(path: string | undefined, method: string): string {
  if (path === undefined) return OTHER;
  const [type = '', below] = path.slice(1).split('/');
  const single = SINGLE.get(type);
  if (single !== undefined) return single;
  const action = (below === undefined ? OF_ALL : below === '.search' ? OF_SEARCH : OF_ONE).get(
    method,
  );
  return action === undefined ? OTHER : `${type.toLowerCase()}.${action}`;
}
