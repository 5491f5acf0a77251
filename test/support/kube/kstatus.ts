/** Computes the kstatus of a custom resource, as Flux and Helm do (sigs.k8s.io/cli-utils). */
import type { KubeObject } from '../../../src/kube/resource.ts';

export type KStatus = 'InProgress' | 'Current' | 'Failed' | 'Terminating';

interface WithStatus extends KubeObject {
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined;
        readonly conditions?:
          | readonly { readonly type: string; readonly status: string }[]
          | undefined;
      }
    | undefined;
}

export function kstatusOf({ metadata, status = {} }: WithStatus): KStatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { observedGeneration, conditions = [] } = status;
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) {
    return 'InProgress';
  }
  for (const condition of conditions) {
    if (condition.type === 'Reconciling' && condition.status === 'True') return 'InProgress';
    if (condition.type === 'Stalled' && condition.status === 'True') return 'Failed';
  }
  const ready = conditions.find(({ type }) => type === 'Ready');
  // An object without any of these conditions counts as current.
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}
