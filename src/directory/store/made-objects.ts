/** The Kubernetes objects that the operator made, remembered by UID. */
import type { IntegrationOwner } from './integrations.ts';

/** The custom resource that objects of a cluster are made for. */
export interface Maker extends IntegrationOwner {
  readonly kind: string;
}

/** An object in its maker's namespace. */
export interface MadeObject {
  readonly kind: string;
  readonly name: string;
  /** Undefined: it is about to be made, or was when the process ended. */
  readonly uid: string | undefined;
  /** Which of several operators on one cluster looks after it, where that matters for its end. */
  readonly operator?: string | undefined;
}

/**
 * What the operator made in a cluster. All else of an object can be copied, labels, annotations and
 * owner references too, so that nothing but a UID that is remembered here says which one may be
 * deleted.
 */
export interface MadeObjectStore {
  /** In the order of kinds and names. */
  list(maker: Maker): Promise<readonly MadeObject[]>;
  /** Whoever of a kind has made objects in a cluster, whether it is there any more or not. */
  makers(
    clusterUid: string,
    kind: string,
  ): Promise<readonly (Maker & Pick<MadeObject, 'operator'>)[]>;
  /** In the place of what had the kind and the name before. */
  put(maker: Maker, object: MadeObject): Promise<void>;
  forget(maker: Maker, object: Pick<MadeObject, 'kind' | 'name'>): Promise<void>;
}
