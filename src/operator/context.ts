/** The dependencies and the configuration of every reconciler. */
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
import type { UnlabelledWatches } from './unlabelled-watches.ts';

/** What the reflectors know. For Secrets and namespaces, this is the metadata only. */
export interface Caches {
  readonly integrations: ObjectStore<KubeIntegration>;
  readonly tenants: ObjectStore<KubeTenant>;
  /** Empty if the operator doesn't follow groups. */
  readonly groupBindings: ObjectStore<KubeGroupBinding>;
  /** Includes policies for other kinds; empty if the operator doesn't follow groups. */
  readonly policies: ObjectStore<AdmissionPolicy>;
  readonly policyBindings: ObjectStore<AdmissionPolicyBinding>;
  /** Empty if the operator may not list them. */
  readonly namespaces: ObjectStore<KubeObject>;
  readonly secrets: ObjectStore<KubeObject>;
  /** Secrets that users maintain and let the operator use. */
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
   * False for namespaces that are not, or may not be, watched. Objects that the caches lack may
   * exist there.
   */
  readonly sees: (namespace: string) => boolean;
  /** Whether ScimGroupBindings are managed. */
  readonly followsGroups: boolean;
  /**
   * Whether those of a namespace are managed: `left` if the configuration excludes them, `refused`
   * while the operator may not list them.
   */
  readonly follows: (namespace: string) => 'followed' | 'refused' | 'left';
  /** Distinguishes this operator from others on the cluster: the namespace of its Lease. */
  readonly installation: string;
  /** False while ScimTenants may not be listed or their CRD is missing, which counts as none. */
  readonly mayReadTenants: () => boolean;
  /**
   * False while ValidatingAdmissionPolicies or their bindings may not be listed, or are not served.
   */
  readonly mayReadPolicies: () => boolean;
  /** Keys of integrations whose status may not be written, so that it can't report this itself. */
  readonly unwritable: Set<string>;
  readonly now: () => Date;
}

export function ownerOf({ clusterUid }: OperatorContext, key: ObjectKey): IntegrationOwner {
  return { clusterUid, namespace: key.namespace ?? '', name: key.name };
}
