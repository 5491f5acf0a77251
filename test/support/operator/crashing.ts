/** Simulates a process that dies after its k-th write: none of its later calls are made. */
import type { Store } from '../../../src/directory/store/store.ts';
import { Client } from '../../../src/kube/client.ts';
import type { ResourceDefinition } from '../../../src/kube/resource.ts';
import type { Call } from '../../../src/kube/transport.ts';

export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** Records the writes, kills the process after some, and interferes just before a named write. */
export class Lifetime {
  readonly writes: string[] = [];
  readonly #allowed: number;
  readonly #interference: Map<string, () => Promise<unknown>>;
  #dead = false;

  constructor(
    allowedWrites = Number.POSITIVE_INFINITY,
    interference: Readonly<Record<string, () => Promise<unknown>>> = {},
  ) {
    this.#allowed = allowedWrites;
    this.#interference = new Map(Object.entries(interference));
  }

  /** The writes before which an interference has not happened yet. */
  get pending(): readonly string[] {
    return [...this.#interference.keys()];
  }

  get isOver(): boolean {
    return this.#dead;
  }

  read<T>(run: () => Promise<T>): Promise<T> {
    return this.#dead ? Promise.reject(new CrashError('dead')) : run();
  }

  async write<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (this.writes.length >= this.#allowed) this.#dead = true;
    if (this.#dead) throw new CrashError(`died before ${name}`);
    this.writes.push(name);
    const interfere = this.#interference.get(name);
    this.#interference.delete(name);
    await interfere?.();
    return run();
  }
}

/** Calls `live` with lives of 0, 1, 2, … writes until one survives. Returns how many died. */
export async function eachLife(live: (life: Lifetime) => Promise<void>): Promise<number> {
  for (let allowed = 0; ; allowed += 1) {
    const life = new Lifetime(allowed);
    await live(life);
    if (!life.isOver) return allowed;
  }
}

/** The real client, as long as the process lives. */
export class MortalClient extends Client {
  readonly #life: Lifetime;

  constructor(connection: ConstructorParameters<typeof Client>[0], life: Lifetime) {
    super(connection);
    this.#life = life;
  }

  protected override call<T>(resource: ResourceDefinition, call: Call): Promise<T> {
    const run = () => super.call<T>(resource, call);
    const isWrite = call.method !== 'GET' && call.query?.dryRun === undefined;
    return isWrite ? this.#life.write(nameOf(resource, call), run) : this.#life.read(run);
  }
}

/** The name of a write, such as `patch ScimIntegration status`. */
function nameOf({ kind, plural }: ResourceDefinition, { method, path, contentType }: Call): string {
  const [, subresource] = path.split(`/${plural}/`)[1]?.split('/') ?? [];
  const verbs = { GET: 'get', POST: 'create', PUT: 'replace', PATCH: 'patch', DELETE: 'delete' };
  const verb = contentType === 'application/apply-patch+yaml' ? 'apply' : verbs[method];
  return [verb, kind, subresource].filter((part) => part !== undefined).join(' ');
}

/** Whether each method only reads, or the name of its write. */
type Methods<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => unknown
    ? 'read' | ((...args: Args) => string)
    : never;
};

const INTEGRATIONS: Methods<Store['integrations']> = {
  find: 'read',
  get: 'read',
  list: 'read',
  put: () => 'put integration',
  disallow: () => 'disallow integrations',
  end: () => 'end integration',
  purge: () => 'purge integration',
  tenantHistory: 'read',
  tenantHistories: 'read',
  claim: () => 'claim tenant',
  govern: () => 'govern tenant',
  activity: 'read',
  activeSince: 'read',
  touch: () => 'touch integrations',
};
const TOKENS: Methods<Store['tokens']> = {
  authenticate: 'read',
  list: 'read',
  owner: 'read',
  add: () => 'add token',
  keepOnly: () => 'keep token',
  touch: () => 'touch tokens',
  markShown: () => 'mark token shown',
  revokeAll: () => 'revoke tokens',
};
const MADE_OBJECTS: Methods<Store['madeObjects']> = {
  list: 'read',
  makers: 'read',
  put: (_, { kind }) => `remember ${kind}`,
  forget: (_, { kind }) => `forget ${kind}`,
};

/** The real directory, as long as the process lives. */
export function mortalStore(store: Store, life: Lifetime): Store {
  const mortal = <T extends object>(part: T, methods: Methods<T>): T =>
    new Proxy(part, {
      get: (target, key) => {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          const run = async (): Promise<unknown> => Reflect.apply(method, target, args);
          const name: unknown = Reflect.get(methods, key);
          return typeof name === 'function'
            ? life.write(String(Reflect.apply(name, undefined, args)), run)
            : life.read(run);
        };
      },
    });
  return {
    ...store,
    integrations: mortal(store.integrations, INTEGRATIONS),
    tokens: mortal(store.tokens, TOKENS),
    madeObjects: mortal(store.madeObjects, MADE_OBJECTS),
  };
}
