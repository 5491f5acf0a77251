/**
 * Who a person is to Kubernetes, and what an identity may do. The permissions are Kubernetes' own:
 * each question is a SubjectAccessReview.
 */
import { groupSubject, type NamingRule, userSubject } from '../directory/kubernetes-names.ts';
import type { Store } from '../directory/store/store.ts';
import type { Client } from '../kube/client.ts';
import { type Grant, Grants } from './grants.ts';
import type { Identity, ResourceAttributes } from './identity.ts';
import { Reviews } from './reviews.ts';
import { type TenantInfo, Tenants } from './tenants.ts';

/** Every method rejects with AccessError, or with the directory's ScimError, if it can't tell. */
export interface Access {
  /**
   * A person of the tenant as Kubernetes sees one who has signed in there. Undefined unless the
   * person exists, is active, and has a name that Kubernetes doesn't reserve.
   */
  identityOf(tenant: string, accessId: string): Promise<Identity | undefined>;
  /** In the order of the actions. */
  mayEach(identity: Identity, actions: readonly ResourceAttributes[]): Promise<readonly boolean[]>;
  /**
   * Every tenant that a namespace of the cluster may use, in the order of their names. Includes the
   * own tenants of namespaces that nobody has used yet.
   */
  tenants(): Promise<readonly TenantInfo[]>;
  /** Why the identity may do what it may in the namespace. */
  explain(identity: Identity, namespace: string): Promise<readonly Grant[]>;
}

interface AccessOptions {
  readonly client: Client;
  readonly store: Store;
  readonly naming: NamingRule;
  /** Undefined for all. */
  readonly watchNamespaces?: readonly string[] | undefined;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
}

export function createAccess({
  client,
  store,
  naming,
  watchNamespaces,
  clock = () => performance.now(),
}: AccessOptions): Access {
  const reviews = new Reviews(client, clock);
  const tenants = new Tenants(client, store, watchNamespaces, clock);
  const grants = new Grants(client, clock);
  const countsIn = async ({ tenant }: Identity) => {
    if (tenant === undefined) return () => true;
    const namespaces = new Set((await tenants.get(tenant))?.namespaces);
    return (namespace: string) => namespaces.has(namespace);
  };
  const mayEach: Access['mayEach'] = async (identity, actions) => {
    const counts = await countsIn(identity);
    const asked = actions.filter(({ namespace }) => counts(namespace));
    const allowed = (await reviews.mayEach(identity, asked)).values();
    return actions.map(({ namespace }) => counts(namespace) && allowed.next().value === true);
  };
  return {
    identityOf: (tenant, accessId) => identityOf(store, naming, tenant, accessId),
    mayEach,
    tenants: () => tenants.all(),
    explain: async (identity, namespace) =>
      (await countsIn(identity))(namespace) ? grants.of(identity, namespace) : [],
  };
}

async function identityOf(
  { memberships }: Store,
  naming: NamingRule,
  tenant: string,
  accessId: string,
): Promise<Identity | undefined> {
  const found = await memberships.of(tenant, accessId, naming.from);
  if (found?.active !== true) return undefined;
  const user = userSubject(naming, tenant, found.person);
  if (user === undefined) return undefined;
  const names = [undefined, ...found.groups.toSorted()];
  const groups = names.flatMap((name) => groupSubject(naming, tenant, name) ?? []);
  return { user, groups, tenant };
}
