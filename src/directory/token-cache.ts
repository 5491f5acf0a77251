/**
 * Remembers for half a second which integration a token opens, so that a client that sends many
 * requests has its token looked up twice a second. Requests that arrive during a look-up share it.
 * What this process changes counts at once.
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

interface LookUp {
  readonly found: Promise<Authenticated | undefined>;
  /** Others join it until then, on the clock. */
  readonly until: number;
}

type Authenticate = Store['tokens']['authenticate'];

function isFor(
  { integration, expiresAt }: Authenticated,
  [tenant, integrationId, , at]: Parameters<Authenticate>,
): boolean {
  const isMeant = integration.id === integrationId && integration.tenant === tenant;
  return isMeant && (expiresAt === undefined || expiresAt > at);
}

/** `clock` returns milliseconds of a monotonic clock. */
export function withTokenCache(store: Store, clock: () => number = () => performance.now()): Store {
  const { tokens, integrations } = store;
  /** By the hash of the token, which belongs to one integration only. */
  const entries = new Map<string, Entry>();
  const underWay = new Map<string, LookUp>();
  let generation = 0;

  const forget = () => {
    generation++;
    entries.clear();
    underWay.clear();
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

  const lookUp: Authenticate = (...given) => {
    const [, , hash] = given;
    const begun = generation;
    const until = clock() + KEPT_MS;
    const found = andThen(tokens.authenticate(...given), (authenticated) => {
      // Only what is found is kept: a new token is valid at once.
      if (authenticated !== undefined && begun === generation) {
        if (entries.size >= MOST_KEPT) entries.clear();
        entries.set(hash, { authenticated, until });
      }
      return authenticated;
    });
    if (!(found instanceof Promise)) return found;
    const look = { found, until };
    underWay.set(hash, look);
    const end = () => {
      if (underWay.get(hash) === look) underWay.delete(hash);
    };
    found.then(end, end);
    return found;
  };

  return {
    ...store,
    tokens: {
      ...tokens,
      authenticate: (...given) => {
        const [, , hash] = given;
        const known = entries.get(hash);
        if (known !== undefined && clock() < known.until && isFor(known.authenticated, given))
          return known.authenticated;
        const other = underWay.get(hash);
        if (other === undefined || clock() >= other.until) return lookUp(...given);
        const alone = () => lookUp(...given);
        return other.found.then(
          (found) => (found !== undefined && isFor(found, given) ? found : alone()),
          alone,
        );
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
