/** What an operator is started with. */
import type { Registry } from 'prom-client';
import type { Store } from '../directory/store/store.ts';
import type { Connection } from '../kube/connection.ts';
import type { ElectionTimes } from '../kube/leader-election.ts';
import type { Logger } from '../logger.ts';

export interface OperatorOptions {
  readonly connection: Connection;
  readonly store: Store;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Between the end of an integration with deletionPolicy Delete and that of its users and groups.
   */
  readonly deprovisionDelayMs: number;
  /** Undefined: all. */
  readonly watchNamespaces?: readonly string[] | undefined;
  /** Tells this operator from others on the cluster: the namespace of its Lease. */
  readonly installation: string;
  /** Undefined: ScimGroupBindings are left alone, and end what they gave. */
  readonly groupBindings?: GroupBindingOptions | undefined;
  /** Undefined: there is no other operator. */
  readonly election?: ElectionOptions | undefined;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now?: () => Date;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
  /** How often records without a resource are looked for. */
  readonly sweepIntervalMs?: number;
}

export interface GroupBindingOptions {
  /** Before every userName, so that no provisioned name means somebody else. */
  readonly usernamePrefix: string;
}

export interface ElectionOptions extends ElectionTimes {
  readonly namespace: string;
  /** A name that no other process has at the same time; undefined: there is none. */
  readonly identity: string | undefined;
  /** Whether to go on as a candidate after the lead was lost. */
  readonly campaignsAgain: boolean;
}
