/**
 * Finds what serves a path below an endpoint. Hono's router would need its slowest form for these
 * paths, which costs more than everything else that happens before the token is read.
 */

/** The parameter at the end of a path. No id is empty or begins with a dot, as in `.search`. */
export const ID = ':id';

interface Found<T> {
  readonly route: T;
  readonly id: string | undefined;
}

export class RouteTable<T> {
  readonly #exact = new Map<string, T>();
  /** By the path before the id. */
  readonly #ofIds = new Map<string, T>();

  constructor(routes: Iterable<readonly [path: string, route: T]>) {
    for (const [path, route] of routes) {
      if (path.endsWith(`/${ID}`)) this.#ofIds.set(path.slice(0, -ID.length - 1), route);
      else this.#exact.set(path, route);
    }
  }

  /** `path` is percent-encoded, and the id is not. */
  find(path: string): Found<T> | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return { route: exact, id: undefined };
    const slash = path.lastIndexOf('/');
    const id = path.slice(slash + 1);
    const route = /^\.|^$/.test(id) ? undefined : this.#ofIds.get(path.slice(0, slash));
    return route === undefined ? undefined : { route, id: decoded(id) };
  }
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
