/**
 * The controller of ScimGroupBindings. They are enqueued when they change themselves, or when their
 * RoleBindings, the group, or the right to use the tenant change.
 */

import { bindingTenantOf } from '../../crd/defaults.ts';
import { LABEL_GROUP_BINDING } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import type { NamingRule } from '../../directory/kubernetes-names.ts';
import { Controller, type ControllerOptions } from '../../kube/controller.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { keyOf, type ObjectKey } from '../../kube/resource.ts';
import type { Caches, OperatorContext } from '../context.ts';
import { isOutage } from '../obstacle.ts';
import { admissionPolicyIn } from './admission-policy.ts';
import { FollowedGroups, followUntil } from './followed-groups.ts';
import { groupBindingNamedIn } from './objects.ts';
import type { PolicyReport } from './policy-report.ts';
import { createGroupBindingReconcile } from './reconcile.ts';

interface GroupBindingController {
  readonly controller: Controller;
  /** Polls the groups for changes until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
  /** Starts reporting whether the admission policy is in force. Called once everything was read. */
  startPolicyReport(): void;
  detach(): void;
}

export function createGroupBindingController(
  context: OperatorContext,
  rule: NamingRule,
  report: PolicyReport,
  options: Pick<ControllerOptions, 'log' | 'metrics'>,
): GroupBindingController {
  const { caches, store } = context;
  const followed = new FollowedGroups();
  const controller = new Controller({
    ...options,
    name: 'scimgroupbinding',
    reconcile: createGroupBindingReconcile(context, followed, rule),
    isOutage,
  });
  const enqueue = (bindings: readonly KubeGroupBinding[]) => {
    for (const each of bindings) controller.enqueue(keyOf(each));
  };
  let isRead = false;
  const onPolicy = () => {
    if (!isRead || !report.tell(admissionPolicyIn(context))) return;
    enqueue(caches.groupBindings.list());
  };
  const subscriptions = [
    caches.policies.onChange(onPolicy),
    caches.policyBindings.onChange(onPolicy),
    report.end,
    caches.groupBindings.onChange(({ object }) => controller.enqueue(keyOf(object))),
    caches.roleBindings.onChange(({ object }) => {
      for (const key of parentsOf(object, caches)) controller.enqueue(key);
    }),
    caches.tenants.onChange(({ object }) =>
      enqueue(
        caches.groupBindings
          .list()
          .filter((each) => bindingTenantOf(each) === object.metadata.name),
      ),
    ),
    caches.namespaces.onChange(({ object }) =>
      enqueue(caches.groupBindings.list(object.metadata.name)),
    ),
  ];
  return {
    controller,
    follow: (signal) => followUntil(signal, followed, store, controller, options.log),
    startPolicyReport: () => {
      isRead = true;
      onPolicy();
    },
    detach: () => {
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

/** Finds ScimGroupBindings by label, owner and name, because any of them may have drifted. */
function parentsOf({ metadata }: RoleBinding, { groupBindings }: Caches): readonly ObjectKey[] {
  const { namespace = '', labels, ownerReferences = [] } = metadata;
  const uids = new Set(ownerReferences.map(({ uid }) => uid));
  const named = new Set([labels?.[LABEL_GROUP_BINDING], groupBindingNamedIn(metadata.name)]);
  return groupBindings
    .list(namespace)
    .filter((each) => uids.has(each.metadata.uid) || named.has(each.metadata.name))
    .map(keyOf);
}
