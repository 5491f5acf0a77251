/** The options of an operator. */
import type { Registry } from 'prom-client';
import type { NamingRule } from '../directory/kubernetes-names.ts';
import type { Store } from '../directory/store/store.ts';
import type { Connection } from '../kube/connection.ts';
import type { ElectionTimes } from '../kube/leader-election.ts';
import type { Logger } from '../logger.ts';
import type { DefaultRoleOptions } from './default-role/objects.ts';

export interface OperatorOptions {
  readonly connection: Connection;
  readonly store: Store;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Time between the end of an integration with deletionPolicy Delete and the deprovisioning of its
   * users and groups.
   */
  readonly deprovisionDelayMs: number;
  /** Undefined for all. */
  readonly watchNamespaces?: readonly string[] | undefined;
  /** Distinguishes this operator from others on the cluster: the namespace of its Lease. */
  readonly installation: string;
  /** If undefined, ScimGroupBindings are not managed, and the roles that they granted end. */
  readonly groupBindings?: GroupBindingOptions | undefined;
  /** If undefined, nobody has a default role, and those that were granted end. */
  readonly defaultRoles?: DefaultRoleOptions | undefined;
  /** Undefined if there is no other operator. */
  readonly election?: ElectionOptions | undefined;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now?: () => Date;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
  /** How often the operator looks for records without a resource. */
  readonly sweepIntervalMs?: number;
}

export interface GroupBindingOptions {
  /** Who the members of groups are to Kubernetes. */
  readonly naming: NamingRule;
}

export interface ElectionOptions extends ElectionTimes {
  readonly namespace: string;
  /** A name that no other process has at the same time; undefined if there is no such name. */
  readonly identity: string | undefined;
  /** Whether to campaign again after the lead was lost. */
  readonly campaignsAgain: boolean;
}
