/** Asks the API server what a user may do. */
import type { Client } from '../../../src/kube/client.ts';
import type { Role } from '../../../src/kube/objects.ts';
import type { KubeObject, ObjectKey, ResourceDefinition } from '../../../src/kube/resource.ts';
import { eventually } from '../eventually.ts';
import { TEST_MANAGER } from './cluster.ts';

const SUBJECT_ACCESS_REVIEWS: ResourceDefinition = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

interface AccessReview extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly allowed: boolean };
}

export interface Action {
  readonly namespace?: string | undefined;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly name?: string | undefined;
}

/** Like `kubectl auth can-i --as=USER --as-group=GROUP`. */
export async function mayDo(
  client: Client,
  user: string,
  action: Action,
  groups: readonly string[] = [],
): Promise<boolean> {
  const review: AccessReview = {
    metadata: { name: '' },
    spec: { user, groups, resourceAttributes: action },
  };
  const answer = await client.create(SUBJECT_ACCESS_REVIEWS, review, TEST_MANAGER);
  return answer.status?.allowed === true;
}

/** The user name of a ServiceAccount. */
export const userOf = ({ namespace, name }: ObjectKey) =>
  `system:serviceaccount:${namespace}:${name}`;

/** Waits until the API server grants each role. It notices new roles after a moment. */
export async function untilGranted(
  client: Client,
  user: string,
  roles: readonly Role[],
): Promise<void> {
  for (const { metadata, rules = [] } of roles) {
    const [rule] = rules;
    if (rule === undefined) continue;
    const [resource = '', subresource] = rule.resources[0]?.split('/') ?? [];
    const action: Action = {
      namespace: metadata.namespace,
      verb: rule.verbs[0] ?? '',
      group: rule.apiGroups[0] ?? '',
      resource,
      subresource,
      name: rule.resourceNames?.[0],
    };
    await eventually(async () => {
      if (!(await mayDo(client, user, action)))
        throw new Error(`${user} may not do ${JSON.stringify(action)}`);
    });
  }
}
