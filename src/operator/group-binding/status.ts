/** The status of a ScimGroupBinding. */

import { bindingTenantOf } from '../../crd/defaults.ts';
import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { CONDITION, REASON, type Reason, WHILE_TRUE } from '../../crd/reasons.ts';
import type { ScimGroupBindingStatus } from '../../crd/scim-group-binding.ts';
import type { NamingRule } from '../../directory/kubernetes-names.ts';
import { mergeConditions, type NewCondition } from '../../kube/conditions.ts';
import { annotationConditions, contentionConditions, terminating } from '../conditions.ts';
import type { Obstacle } from '../obstacle.ts';
import type { PolicyVerdict } from './admission-policy.ts';
import type { Bound } from './bind-members.ts';
import type { LeftRole } from './made-roles.ts';

/** What a reconcile found; undefined for steps that were not reached. */
export interface BindingFindings {
  readonly group?: ScimGroupBindingStatus['group'];
  /** False if the group was looked for and not found. */
  readonly hasGroup?: boolean;
  /** The userNames of members whose names are reserved. */
  readonly reserved?: readonly string[];
  /** The userNames of members without the attribute that names are taken from, and which it is. */
  readonly unnamed?: readonly string[];
  readonly nameFrom?: NamingRule['from'];
  readonly bound?: Bound;
  readonly policy?: PolicyVerdict;
  /** Messages about what others change. */
  readonly contended?: readonly string[];
  /** The first obstacle. */
  readonly obstacle?: Obstacle | undefined;
}

/** Somebody must act, because retrying can't help. */
const STALLED: ReadonlySet<Reason> = new Set([
  REASON.TenantNotAllowed,
  REASON.GroupAmbiguous,
  REASON.GroupTooLarge,
]);

export function buildGroupBindingStatus(
  binding: KubeGroupBinding,
  findings: BindingFindings,
  now: Date,
): ScimGroupBindingStatus {
  const { group, hasGroup, bound } = findings;
  const { group: before, ...status } = binding.status ?? {};
  const shown = group ?? (hasGroup === undefined ? before : undefined);
  return {
    ...status,
    observedGeneration: binding.metadata.generation,
    tenant: bindingTenantOf(binding),
    ...(shown === undefined ? {} : { group: shown }),
    ...(bound === undefined ? {} : { members: bound.members, roleBindings: bound.roleBindings }),
    conditions: [...mergeConditions(binding, wantedConditions(binding, findings), WHILE_TRUE, now)],
  };
}

/** For a ScimGroupBinding that is being deleted. */
export function buildTerminatingBindingStatus(
  binding: KubeGroupBinding,
  left: readonly LeftRole[],
  now: Date,
): ScimGroupBindingStatus {
  const { metadata, status } = binding;
  const [first] = left;
  const ended =
    first === undefined
      ? 'it no longer grants the role'
      : `RoleBinding ${first.name} still exists: ${first.reason}`;
  const condition = terminating(metadata, ended);
  return {
    ...status,
    observedGeneration: metadata.generation,
    ...(first === undefined ? { members: 0, roleBindings: 0 } : {}),
    conditions: [...mergeConditions(binding, [condition], WHILE_TRUE, now)],
  };
}

const wantedConditions = (binding: KubeGroupBinding, findings: BindingFindings) => [
  ...conditionsOf(binding, findings),
  ...foreign(findings.bound),
  ...contentionConditions(findings.contended),
  ...unguarded(findings.policy),
  ...annotationConditions(SCIM_GROUP_BINDINGS.kind, binding.metadata),
];

/** These RoleBindings may grant the role to anybody, regardless of the group's members. */
export function conflictWith(names: readonly string[]): Obstacle | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, 5).join(', ');
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  const message =
    'RoleBindings that have the names of this ScimGroupBinding, but were not created for it, may ' +
    `grant roles to anybody: ${shown}${more}; check and delete them`;
  return { reason: REASON.ObjectConflict, message };
}

/** Reported in addition to any other obstacle. */
function foreign(bound: Bound | undefined): readonly NewCondition[] {
  const conflict = conflictWith(bound?.foreign ?? []);
  return conflict === undefined
    ? []
    : [{ type: CONDITION.ForeignRoleBindings, status: 'True', ...conflict }];
}

/** Not part of Ready, because the members have the role nevertheless. */
function unguarded(policy: PolicyVerdict | undefined): readonly NewCondition[] {
  if (policy === undefined || policy.state === 'enforced') return [];
  const isKnown = policy.state === 'missing';
  return [
    {
      type: CONDITION.Unguarded,
      status: isKnown ? 'True' : 'Unknown',
      reason: isKnown ? REASON.AdmissionPolicyMissing : REASON.AdmissionPolicyUnknown,
      message: policy.message,
    },
  ];
}

const UNNAMED: Readonly<Record<NamingRule['from'], string>> = {
  userName: 'who have no userName',
  email: 'who have no primary, work or only e-mail address',
  externalId: 'who have no externalId, or several',
};

/** The number of names, and the first of them. */
function few(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((each) => each.slice(0, 100));
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.length} (${shown.join(', ')}${more})`;
}

function conditionsOf(
  { spec }: KubeGroupBinding,
  { obstacle, bound, reserved = [], unnamed = [], nameFrom = 'userName' }: BindingFindings,
): readonly NewCondition[] {
  const type = CONDITION.Ready;
  if (obstacle === undefined) {
    const { kind, name } = spec.roleRef;
    const leftOut = [
      ...(reserved.length > 0 ? [`whose names begin with system: ${reserved.length}`] : []),
      ...(unnamed.length > 0 ? [`${UNNAMED[nameFrom]}: ${few(unnamed)}`] : []),
    ].map((each) => `; members left out, ${each}`);
    const message = `Members who have ${kind} ${name}: ${bound?.members ?? 0}${leftOut.join('')}`;
    return [{ type, status: 'True', reason: REASON.Succeeded, message }];
  }
  const { reason, message } = obstacle;
  const progress: NewCondition = STALLED.has(reason)
    ? { type: CONDITION.Stalled, status: 'True', reason, message }
    : { type: CONDITION.Reconciling, status: 'True', reason: REASON.ProgressingWithRetry, message };
  return [{ type, status: 'False', reason, message }, progress];
}
