/** What is built or installed for development is kept outside the checkout, where the next run and other checkouts find it. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `versions` names all that decides the content, so that another version never meets an old one. */
export function cacheFolder(versions: string): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'scim-operator', versions);
}
