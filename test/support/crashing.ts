/** A process that dies after its k-th write: from then on nothing reaches the API server or the directory any more. */
import type { Store } from '../../src/directory/store/store.ts';
import { Client } from '../../src/kube/client.ts';
import type { KubeObject, ObjectKey, ResourceDefinition } from '../../src/kube/resource.ts';

export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** What was written, in order; when the process dies; and what somebody else does just before the first write of a name. */
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

  /** What somebody else did not get to do. */
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

/** Calls `live` with lives of 0, 1, 2, … writes, until one is long enough to end by itself; answers how many died. */
export async function eachLife(live: (life: Lifetime) => Promise<void>): Promise<number> {
  for (let allowed = 0; ; allowed += 1) {
    const life = new Lifetime(allowed);
    await live(life);
    if (!life.isOver) return allowed;
  }
}

/** The real client, for as long as the process lives. */
export class MortalClient extends Client {
  readonly #life: Lifetime;

  constructor(connection: ConstructorParameters<typeof Client>[0], life: Lifetime) {
    super(connection);
    this.#life = life;
  }

  override get<T extends KubeObject>(resource: ResourceDefinition, key: ObjectKey): Promise<T> {
    return this.#life.read(() => super.get<T>(resource, key));
  }

  override create<T extends KubeObject>(
    resource: ResourceDefinition,
    object: T,
    manager: string,
  ): Promise<T> {
    return this.#life.write(`create ${resource.kind}`, () =>
      super.create(resource, object, manager),
    );
  }

  override apply<T extends KubeObject>(
    resource: ResourceDefinition,
    object: T,
    manager: string,
  ): Promise<T> {
    return this.#life.write(`apply ${resource.kind}`, () => super.apply(resource, object, manager));
  }

  override mergePatch<T extends KubeObject>(
    ...[resource, key, patch, options]: Parameters<Client['mergePatch']>
  ): Promise<T> {
    if (options.dryRun)
      return this.#life.read(() => super.mergePatch<T>(resource, key, patch, options));
    const name = `patch ${resource.kind} ${options.subresource ?? ''}`.trim();
    return this.#life.write(name, () => super.mergePatch<T>(resource, key, patch, options));
  }

  override delete(resource: ResourceDefinition, key: ObjectKey, uid?: string): Promise<void> {
    return this.#life.write(`delete ${resource.kind}`, () => super.delete(resource, key, uid));
  }
}

/** The real directory, for as long as the process lives. */
export function mortalStore(store: Store, life: Lifetime): Store {
  const { integrations, tokens, madeObjects } = store;
  return {
    ...store,
    integrations: {
      ...integrations,
      find: (owner) => life.read(() => integrations.find(owner)),
      get: (id) => life.read(() => integrations.get(id)),
      put: (record) => life.write('put integration', () => integrations.put(record)),
      disallow: (ids) => life.write('disallow integrations', () => integrations.disallow(ids)),
      end: (id, at) => life.write('end integration', () => integrations.end(id, at)),
      claim: (tenant, namespace) =>
        life.write('claim tenant', () => integrations.claim(tenant, namespace)),
      govern: (tenant) => life.write('govern tenant', () => integrations.govern(tenant)),
      purge: (id, at) => life.write('purge integration', () => integrations.purge(id, at)),
    },
    tokens: {
      ...tokens,
      list: (id) => life.read(() => tokens.list(id)),
      owner: (hash) => life.read(() => tokens.owner(hash)),
      add: (token) => life.write('add token', () => tokens.add(token)),
      keepOnly: (token, previous) =>
        life.write('keep token', () => tokens.keepOnly(token, previous)),
      revokeAll: (id) => life.write('revoke tokens', () => tokens.revokeAll(id)),
    },
    madeObjects: {
      list: (maker) => life.read(() => madeObjects.list(maker)),
      makers: (clusterUid, kind) => life.read(() => madeObjects.makers(clusterUid, kind)),
      put: (maker, object) =>
        life.write(`remember ${object.kind}`, () => madeObjects.put(maker, object)),
      forget: (maker, object) =>
        life.write(`forget ${object.kind}`, () => madeObjects.forget(maker, object)),
    },
  };
}
