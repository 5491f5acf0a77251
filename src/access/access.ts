/**
 * Who a person is to Kubernetes, and what an identity may do. The permissions are Kubernetes' own:
 * each question is a SubjectAccessReview.
 */
import { groupSubject, type NamingRule, userSubject } from '../directory/kubernetes-names.ts';
import type { Store } from '../directory/store/store.ts';
import type { Client } from '../kube/client.ts';
import type { Identity, ResourceAttributes } from './identity.ts';
import { Reviews } from './reviews.ts';

/** Every method rejects with AccessError, or with the directory's ScimError, if it can't tell. */
export interface Access {
  /**
   * A person of the tenant as Kubernetes sees one who has signed in there. Undefined unless the
   * person exists, is active, and has a name that Kubernetes doesn't reserve.
   */
  identityOf(tenant: string, accessId: string): Promise<Identity | undefined>;
  may(identity: Identity, action: ResourceAttributes): Promise<boolean>;
  /** The answers are in the order of the actions. */
  mayEach(identity: Identity, actions: readonly ResourceAttributes[]): Promise<readonly boolean[]>;
}

interface AccessOptions {
  readonly client: Client;
  readonly store: Store;
  readonly naming: NamingRule;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
}

export function createAccess({
  client,
  store,
  naming,
  clock = () => performance.now(),
}: AccessOptions): Access {
  const reviews = new Reviews(client, clock);
  return {
    identityOf: (tenant, accessId) => identityOf(store, naming, tenant, accessId),
    may: async (identity, action) => (await reviews.mayEach(identity, [action]))[0] === true,
    mayEach: (identity, actions) => reviews.mayEach(identity, actions),
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
  return { user, groups };
}
