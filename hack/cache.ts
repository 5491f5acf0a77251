/** The cache of development tools, outside the checkout so that other checkouts can use it. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `versions` must name everything that determines the content, so that versions never mix. */
export function cacheFolder(versions: string): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'scim-operator', versions);
}
