/** Records of integrations, and what is remembered about tenants. */
import type { Scope } from './resources.ts';

/**
 * The object behind a record: a ScimIntegration in a cluster, which is identified by the UID of its
 * kube-system namespace.
 */
export interface IntegrationOwner {
  readonly clusterUid: string;
  readonly namespace: string;
  readonly name: string;
}

export type DeletionPolicy = 'Retain' | 'Delete';

/** What the operator has recorded about an integration. */
export interface IntegrationRecord extends IntegrationOwner {
  readonly id: string;
  readonly tenant: string;
  readonly uid: string;
  readonly namespaceUid: string;
  readonly enabled: boolean;
  /** False while the namespace may not use the tenant: requests get 403. */
  readonly allowed: boolean;
  readonly deletionPolicy: DeletionPolicy;
  /** Set when the custom resource is gone; its tokens are gone by then. */
  readonly endedAt: number | undefined;
}

/** What requests of the integration see. */
export const scopeOf = ({ tenant, id }: Pick<IntegrationRecord, 'tenant' | 'id'>): Scope => ({
  tenant,
  integrationId: id,
});

/**
 * The tenants in which other externalIds count when the record changes: they count less once their
 * integration has ended, and users may be named after them.
 */
export function externalIdsChange(
  before: Pick<IntegrationRecord, 'tenant' | 'endedAt'> | undefined,
  after: Pick<IntegrationRecord, 'tenant' | 'endedAt'>,
): readonly string[] {
  const isSame = (before?.endedAt === undefined) === (after.endedAt === undefined);
  if (before?.tenant === after.tenant && isSame) return [];
  const left = before === undefined || before.tenant === after.tenant ? [] : [before.tenant];
  return [...left, after.tenant];
}

/**
 * Facts about a tenant that are kept for as long as the directory exists, even after its
 * integrations have ended.
 */
export interface TenantHistory {
  /**
   * UID of the namespace, in any cluster, that has the tenant under its own name. Stays when its
   * integrations are forgotten.
   */
  readonly ownerUid: string | undefined;
  /** Whether a ScimTenant, in any cluster, has ever said who may use it. */
  readonly governed: boolean;
}

/** A namespace, by its UID and the UID of its cluster. */
type ClusterNamespace = Pick<IntegrationRecord, 'clusterUid' | 'namespaceUid'>;

export interface IntegrationActivity {
  readonly users: number;
  readonly groups: number;
  readonly lastRequestAt: number | undefined;
  /** When each token was last used, by key id, for those that were. */
  readonly tokenUses: ReadonlyMap<string, number>;
}

export interface IntegrationStore {
  /** The live (not ended) record of a custom resource. */
  find(owner: IntegrationOwner): Promise<IntegrationRecord | undefined>;
  get(id: string): Promise<IntegrationRecord | undefined>;
  /** The records of one cluster, or of one tenant in it, including ended ones. */
  list(clusterUid: string, tenant?: string): Promise<readonly IntegrationRecord[]>;
  /**
   * Inserts or updates by id. Returns false, and writes nothing, if the id belongs to the live
   * record of another custom resource. In another tenant, the integration begins without tokens.
   */
  put(record: IntegrationRecord): Promise<boolean>;
  /** Disallows all of them in one write, until `put` says otherwise; tokens and data stay. */
  disallow(ids: readonly string[]): Promise<void>;
  /** Ends the integration and revokes its tokens immediately; users and groups stay. */
  end(id: string, at: number): Promise<void>;
  /**
   * For an ended integration (deletionPolicy Delete): deprovisions what no other integration
   * provisioned, and forgets the record. Does nothing, or stops, if the integration is live
   * (again).
   */
  purge(id: string, at: number): Promise<void>;
  /** The same for every cluster, so that a tenant of one cluster isn't given to another. */
  tenantHistory(tenant: string): Promise<TenantHistory>;
  /** The history of every tenant that has one. */
  tenantHistories(): Promise<ReadonlyMap<string, TenantHistory>>;
  /**
   * Gives the tenant to the namespace for ever, unless another one has it, and returns the
   * resulting history. If several namespaces claim it at once, one gets it.
   */
  claim(tenant: string, namespace: ClusterNamespace): Promise<TenantHistory>;
  /** Remembers for ever that a ScimTenant says who may use the tenant. */
  govern(tenant: string): Promise<void>;
  activity(id: string): Promise<IntegrationActivity>;
  /**
   * The live integrations of a cluster whose activity may have changed: any integration of their
   * tenant has received a request since then.
   */
  activeSince(clusterUid: string, at: number): Promise<readonly IntegrationOwner[]>;
  /** Records when integrations last received a request: id → time. */
  touch(lastRequests: ReadonlyMap<string, number>): Promise<void>;
}
