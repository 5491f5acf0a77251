/** Records of integrations, and what is remembered of tenants. */
/**
 * The object behind a record: a ScimIntegration in a cluster (UID of its kube-system namespace).
 */
export interface IntegrationOwner {
  readonly clusterUid: string;
  readonly namespace: string;
  readonly name: string;
}

export type DeletionPolicy = 'Retain' | 'Delete';

/** What the operator says of an integration. */
export interface IntegrationRecord extends IntegrationOwner {
  readonly id: string;
  readonly tenant: string;
  readonly uid: string;
  readonly namespaceUid: string;
  readonly enabled: boolean;
  /** False while the namespace may not use the tenant: requests get 403. */
  readonly allowed: boolean;
  readonly deletionPolicy: DeletionPolicy;
  /** Set when the custom resource is gone; its tokens are then gone too. */
  readonly endedAt: number | undefined;
}

/**
 * What is remembered of a tenant for as long as the directory lives, whatever became of its
 * integrations.
 */
export interface TenantHistory {
  /**
   * UID of the namespace that has the tenant by its own name, in whichever cluster; forgotten
   * integrations' too.
   */
  readonly ownerUid: string | undefined;
  /** A ScimTenant has said, in any cluster, who may use it. */
  readonly governed: boolean;
}

/** A namespace, by its UID and that of its cluster. */
type ClusterNamespace = Pick<IntegrationRecord, 'clusterUid' | 'namespaceUid'>;

export interface IntegrationActivity {
  readonly users: number;
  readonly groups: number;
  readonly lastRequestAt: number | undefined;
}

export interface IntegrationStore {
  /** The live (not ended) record of a custom resource. */
  find(owner: IntegrationOwner): Promise<IntegrationRecord | undefined>;
  get(id: string): Promise<IntegrationRecord | undefined>;
  /** Records of one cluster, and of one tenant if it is given; ended ones included. */
  list(clusterUid: string, tenant?: string): Promise<readonly IntegrationRecord[]>;
  /**
   * Inserts or updates by id. False, and no write, when the id belongs to another custom resource's
   * live record.
   */
  put(record: IntegrationRecord): Promise<boolean>;
  /** Not allowed from now on, all at once, until `put` says otherwise; tokens and data stay. */
  disallow(ids: readonly string[]): Promise<void>;
  /** Ends the integration and revokes its tokens at once; users and groups stay. */
  end(id: string, at: number): Promise<void>;
  /**
   * Deprovisions what no other integration provisioned and forgets the record of an ended
   * integration (deletionPolicy Delete). Does nothing, or stops, when the integration lives
   * (again).
   */
  purge(id: string, at: number): Promise<void>;
  /** The same for every cluster: what one of them has is not given to another. */
  tenantHistory(tenant: string): Promise<TenantHistory>;
  /**
   * Gives the tenant for ever to the namespace if no other has it; the history as it is then. Of
   * several at once, one gets it.
   */
  claim(tenant: string, namespace: ClusterNamespace): Promise<TenantHistory>;
  /** Remembers for ever that a ScimTenant says who may use the tenant. */
  govern(tenant: string): Promise<void>;
  activity(id: string): Promise<IntegrationActivity>;
  /**
   * The live integrations of a cluster in whose tenants any was called since then: whose activity
   * may be another now.
   */
  activeSince(clusterUid: string, at: number): Promise<readonly IntegrationOwner[]>;
  /** Records when integrations were last called: id → time. */
  touch(lastRequests: ReadonlyMap<string, number>): Promise<void>;
}
