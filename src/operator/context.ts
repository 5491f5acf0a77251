/** What the reconcilers work with. */
import type { KubeGroupBinding, KubeIntegration, KubeTenant } from '../crd/objects.ts';
import type { IntegrationOwner } from '../directory/store/integrations.ts';
import type { Store } from '../directory/store/store.ts';
import type { Client } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type {
  AdmissionPolicy,
  AdmissionPolicyBinding,
  Role,
  RoleBinding,
  ServiceAccount,
} from '../kube/objects.ts';
import type { KubeObject, ObjectKey } from '../kube/resource.ts';
import type { ObjectStore } from '../kube/store.ts';
import type { Contentions } from './contentions.ts';
import type { DirectoryMarks } from './directory-marks.ts';
import type { UnlabelledWatches } from './unlabelled.ts';

/** What the reflectors know. Of Secrets and namespaces that is the metadata only. */
export interface Caches {
  readonly integrations: ObjectStore<KubeIntegration>;
  readonly tenants: ObjectStore<KubeTenant>;
  /** Empty where the operator doesn't follow groups. */
  readonly groupBindings: ObjectStore<KubeGroupBinding>;
  /** Also those for other kinds; empty where the operator doesn't follow groups. */
  readonly policies: ObjectStore<AdmissionPolicy>;
  readonly policyBindings: ObjectStore<AdmissionPolicyBinding>;
  /** Empty where they may not be listed. */
  readonly namespaces: ObjectStore<KubeObject>;
  readonly secrets: ObjectStore<KubeObject>;
  /** That people keep and let us use. */
  readonly existingSecrets: ObjectStore<KubeObject>;
  readonly serviceAccounts: ObjectStore<ServiceAccount>;
  readonly roles: ObjectStore<Role>;
  readonly roleBindings: ObjectStore<RoleBinding>;
}

export interface OperatorContext {
  readonly client: Client;
  readonly store: Store;
  readonly caches: Caches;
  readonly events: EventRecorder;
  readonly contentions: Contentions;
  readonly marks: DirectoryMarks;
  readonly unlabelled: UnlabelledWatches;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** UID of kube-system: which cluster the records belong to. */
  readonly clusterUid: string;
  /**
   * False for namespaces that are not, or may not be, watched: what the caches lack may exist
   * there.
   */
  readonly sees: (namespace: string) => boolean;
  /** Whether ScimGroupBindings are looked after. */
  readonly followsGroups: boolean;
  /** Those of a namespace: `left` by the configuration, `refused` while they may not be listed. */
  readonly follows: (namespace: string) => 'followed' | 'refused' | 'left';
  /** Tells this operator from others on the cluster: the namespace of its Lease. */
  readonly installation: string;
  /** False while ScimTenants may not be listed, or their CRD is missing: then there are none. */
  readonly mayReadTenants: () => boolean;
  /**
   * False while ValidatingAdmissionPolicies or their bindings may not be listed, or are not served.
   */
  readonly mayReadPolicies: () => boolean;
  /** Keys of integrations whose status may not be written: they can't say so themselves. */
  readonly unwritable: Set<string>;
  readonly now: () => Date;
}

export function ownerOf({ clusterUid }: OperatorContext, key: ObjectKey): IntegrationOwner {
  return { clusterUid, namespace: key.namespace ?? '', name: key.name };
}
