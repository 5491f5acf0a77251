/**
 * Remembers for half a second which integration a token opens, so that a client that sends many
 * requests has its token looked up twice a second. What this process changes counts at once.
 */
import { andThen } from '../eventual.ts';
import type { Store } from './store/store.ts';
import type { Authenticated } from './store/tokens.ts';

/**
 * Another process may have disabled the integration or ended the token, which must be refused
 * within a second.
 */
const KEPT_MS = 500;
/** Above this number, all are forgotten and looked up again. */
const MOST_KEPT = 10_000;

interface Entry {
  readonly authenticated: Authenticated;
  /** On the clock. */
  readonly until: number;
}

/** `clock` returns milliseconds of a monotonic clock. */
export function withTokenCache(store: Store, clock: () => number = () => performance.now()): Store {
  const { tokens, integrations } = store;
  /** By the hash of the token, which belongs to one integration only. */
  const entries = new Map<string, Entry>();
  let generation = 0;

  const forget = () => {
    generation++;
    entries.clear();
  };
  /** Forgets once more when the change is made, because a look-up may have overtaken it. */
  const forgetting =
    <Given extends readonly unknown[], T>(change: (...given: Given) => Promise<T>) =>
    async (...given: Given): Promise<T> => {
      forget();
      try {
        return await change(...given);
      } finally {
        forget();
      }
    };

  return {
    ...store,
    tokens: {
      ...tokens,
      authenticate: (tenant, integrationId, hash, at) => {
        const known = entries.get(hash);
        if (known !== undefined && clock() < known.until) {
          const { integration, expiresAt } = known.authenticated;
          const isMeant = integration.id === integrationId && integration.tenant === tenant;
          if (isMeant && (expiresAt === undefined || expiresAt > at)) return known.authenticated;
        }
        const begun = generation;
        const until = clock() + KEPT_MS;
        return andThen(tokens.authenticate(tenant, integrationId, hash, at), (authenticated) => {
          // Only what is found is kept: a new token is valid at once.
          if (authenticated !== undefined && begun === generation) {
            if (entries.size >= MOST_KEPT) entries.clear();
            entries.set(hash, { authenticated, until });
          }
          return authenticated;
        });
      },
      add: forgetting(tokens.add),
      keepOnly: forgetting(tokens.keepOnly),
      revokeAll: forgetting(tokens.revokeAll),
    },
    integrations: {
      ...integrations,
      put: forgetting(integrations.put),
      disallow: forgetting(integrations.disallow),
      end: forgetting(integrations.end),
      purge: forgetting(integrations.purge),
    },
  };
}
