/**
 * Which tenants there are, and which namespaces may use them. The verdict is the operator's own; it
 * is based on live reads that are a few seconds old at most.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SCIM_TENANTS } from '../crd/names.ts';
import type { KubeTenant } from '../crd/objects.ts';
import { checkTenancy, type TenantNamespace, tenantNamespace } from '../crd/tenancy.ts';
import type { Store } from '../directory/store/store.ts';
import { type Client, getIfExists } from '../kube/client.ts';
import { isForbidden, isResourceTypeMissing } from '../kube/errors.ts';
import { type KubeObject, NAMESPACES } from '../kube/resource.ts';
import { accessError } from './error.ts';
import { TtlCache } from './ttl-cache.ts';

export interface TenantInfo {
  readonly name: string;
  readonly displayName: string;
  /** May have integrations of the tenant. */
  readonly namespaces: readonly string[];
  /** May bind the tenant's groups; includes `namespaces`. */
  readonly bindingNamespaces: readonly string[];
  /** False for a namespace whose own tenant nobody has used yet. */
  readonly isUsed: boolean;
}

/** What the verdicts are based on. */
interface Facts {
  readonly namespaces: ReadonlyMap<string, TenantNamespace>;
  readonly scimTenants: ReadonlyMap<string, KubeTenant>;
  readonly histories: Awaited<ReturnType<Store['integrations']['tenantHistories']>>;
}

export class Tenants {
  readonly #client: Client;
  readonly #store: Store;
  readonly #watched: readonly string[] | undefined;
  readonly #facts: TtlCache<Facts>;
  readonly #all = new WeakMap<Facts, Promise<readonly TenantInfo[]>>();

  constructor(
    client: Client,
    store: Store,
    watched: readonly string[] | undefined,
    clock: () => number,
  ) {
    this.#client = client;
    this.#store = store;
    this.#watched = watched;
    this.#facts = new TtlCache(clock, 1);
  }

  /** In the order of their names. */
  async all(): Promise<readonly TenantInfo[]> {
    const facts = await this.#read();
    const found = this.#all.get(facts) ?? allTenants(facts);
    this.#all.set(facts, found);
    return found;
  }

  /** Undefined if there is no such tenant. */
  async get(tenant: string): Promise<TenantInfo | undefined> {
    return (await this.all()).find(({ name }) => name === tenant);
  }

  #read(): Promise<Facts> {
    return this.#facts.get('', async () => {
      const [namespaces, scimTenants, histories] = await Promise.all([
        this.#namespaces(),
        this.#scimTenants(),
        this.#store.integrations.tenantHistories(),
      ]);
      return {
        namespaces: new Map(namespaces.map((each) => [each.metadata.name, tenantNamespace(each)])),
        scimTenants: new Map(scimTenants.map((each) => [each.metadata.name, each])),
        histories,
      };
    });
  }

  /** A namespace that is missing or may not be read is not managed either. */
  async #namespaces(): Promise<readonly KubeObject[]> {
    const client = this.#client;
    try {
      if (this.#watched === undefined)
        return (await client.list<KubeObject>(NAMESPACES, { metadataOnly: true })).items ?? [];
      const found = this.#watched.map((name) =>
        getIfExists<KubeObject>(client, NAMESPACES, { name }).catch((error: unknown) => {
          if (isForbidden(error)) return undefined;
          throw error;
        }),
      );
      return (await Promise.all(found)).filter((each) => each !== undefined);
    } catch (error) {
      throw accessError(error, 'read namespaces');
    }
  }

  /** Those that may not be read count as none, as for the operator. */
  async #scimTenants(): Promise<readonly KubeTenant[]> {
    try {
      return (await this.#client.list<KubeTenant>(SCIM_TENANTS)).items ?? [];
    } catch (error) {
      if (isForbidden(error) || isResourceTypeMissing(error)) return [];
      throw accessError(error, 'read ScimTenants');
    }
  }
}

async function allTenants(facts: Facts): Promise<readonly TenantInfo[]> {
  const { namespaces, scimTenants, histories } = facts;
  const names = new Set([...scimTenants.keys(), ...histories.keys(), ...namespaces.keys()]);
  const found: TenantInfo[] = [];
  for (const name of [...names].toSorted()) {
    const info = tenantInfo(facts, name);
    if (info !== undefined) found.push(info);
    // Each selector is compared with all namespaces, while this process serves SCIM.
    if (selects(scimTenants.get(name))) await nextTurn();
  }
  return found;
}

const selects = (tenant: KubeTenant | undefined): boolean =>
  tenant?.spec.namespaces.selector !== undefined ||
  tenant?.spec.bindingNamespaces?.selector !== undefined;

function tenantInfo(facts: Facts, name: string): TenantInfo | undefined {
  const { scimTenants, histories } = facts;
  const scimTenant = scimTenants.get(name);
  const known = histories.get(name);
  const history = known ?? { ownerUid: undefined, governed: false };
  const allowed = (use: 'provision' | 'bind') =>
    candidates(facts, name, scimTenant).flatMap((namespace) => {
      const refused = checkTenancy({ tenant: name, use, namespace, scimTenant, history });
      return refused === undefined ? [namespace.name] : [];
    });
  const info = { namespaces: allowed('provision'), bindingNamespaces: allowed('bind') };
  const isThere = scimTenant !== undefined || info.bindingNamespaces.length > 0;
  if (!isThere) return undefined;
  const displayName = scimTenant?.spec.displayName ?? name;
  return { name, displayName, ...info, isUsed: scimTenant !== undefined || known !== undefined };
}

/** The only namespaces that the verdict may allow, in the order of their names. */
function candidates(
  { namespaces }: Facts,
  tenant: string,
  scimTenant: KubeTenant | undefined,
): readonly TenantNamespace[] {
  if (selects(scimTenant)) return [...namespaces.values()].toSorted(byName);
  const { namespaces: used, bindingNamespaces } = scimTenant?.spec ?? {};
  const names = new Set([tenant, ...(used?.names ?? []), ...(bindingNamespaces?.names ?? [])]);
  return [...names].flatMap((name) => namespaces.get(name) ?? []).toSorted(byName);
}

const byName = (a: TenantNamespace, b: TenantNamespace) => (a.name < b.name ? -1 : 1);
