/** The Kubernetes objects that the operator created, remembered by UID. */
import type { IntegrationOwner } from './integrations.ts';

/** The custom resource for which objects are created in a cluster. */
export interface Maker extends IntegrationOwner {
  readonly kind: string;
}

/** An object in its maker's namespace. */
export interface MadeObject {
  readonly kind: string;
  readonly name: string;
  /** Undefined if the object is about to be created, or was when the process ended. */
  readonly uid: string | undefined;
  /** Which of several operators in one cluster looks after it, if that matters for its end. */
  readonly operator?: string | undefined;
}

/**
 * What the operator created in a cluster. Everything else about an object, such as labels,
 * annotations and owner references, can be copied, so only a UID that is remembered here permits a
 * deletion.
 */
export interface MadeObjectStore {
  /** In the order of kinds and names. */
  list(maker: Maker): Promise<readonly MadeObject[]>;
  /**
   * All makers of a kind that have created objects in a cluster, whether they still exist or not.
   */
  makers(
    clusterUid: string,
    kind: string,
  ): Promise<readonly (Maker & Pick<MadeObject, 'operator'>)[]>;
  /** Replaces the previous object of the kind and the name. */
  put(maker: Maker, object: MadeObject): Promise<void>;
  forget(maker: Maker, object: Pick<MadeObject, 'kind' | 'name'>): Promise<void>;
}
