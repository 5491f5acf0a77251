/**
 * Decides, as a pure function, whether the cluster prevents authors of ScimGroupBindings from
 * granting roles that they may not grant.
 */
import { groupBindingPolicy } from '../../crd/group-binding-policy.ts';
import { GROUP, SCIM_GROUP_BINDINGS, VERSION } from '../../crd/names.ts';
import type {
  AdmissionPolicy,
  AdmissionPolicyBinding,
  MatchResources,
  ResourceRule,
} from '../../kube/objects.ts';
import type { ObjectStore } from '../../kube/store.ts';
import { isGoing } from '../ownership.ts';

export interface PolicyVerdict {
  readonly state: 'enforced' | 'missing' | 'unknown';
  readonly message: string;
}

const UNKNOWN_POLICY: PolicyVerdict = {
  state: 'unknown',
  message:
    'The operator may not read ValidatingAdmissionPolicies and their bindings, or the API ' +
    'server does not serve them, so it is unknown whether authors can grant roles that they do ' +
    'not have; give its ClusterRole get, list and watch on both',
};

const [OURS] = groupBindingPolicy();
const HINT =
  'so authors of ScimGroupBindings can grant roles that they do not have; apply policies/';

interface PolicySource {
  readonly caches: {
    readonly policies: ObjectStore<AdmissionPolicy>;
    readonly policyBindings: ObjectStore<AdmissionPolicyBinding>;
  };
  readonly mayReadPolicies: () => boolean;
}

/** Based on the caches. */
export function admissionPolicyIn({ caches, mayReadPolicies }: PolicySource): PolicyVerdict {
  if (!mayReadPolicies()) return UNKNOWN_POLICY;
  return checkAdmissionPolicy(caches.policies.list(), caches.policyBindings.list());
}

/** A policy of any name counts if it refuses everywhere what ours refuses. */
export function checkAdmissionPolicy(
  policies: readonly AdmissionPolicy[],
  bindings: readonly AdmissionPolicyBinding[],
): PolicyVerdict {
  const faults = policies
    .filter(({ metadata, spec }) => metadata.name === OURS.metadata.name || asksForBind(spec))
    .map((policy) => faultOf(policy, bindings));
  if (faults.includes(undefined)) return { state: 'enforced', message: '' };
  const [fault = 'There is no ValidatingAdmissionPolicy for ScimGroupBindings'] = faults;
  return { state: 'missing', message: `${fault}, ${HINT}` };
}

const asksForBind = (spec: AdmissionPolicy['spec']): boolean =>
  OURS.spec.validations.every(({ expression }) =>
    spec?.validations?.some((validation) => validation.expression === expression),
  );

/** Undefined if the policy is enforced. */
function faultOf(
  { metadata, spec }: AdmissionPolicy,
  bindings: readonly AdmissionPolicyBinding[],
): string | undefined {
  const named = `ValidatingAdmissionPolicy ${metadata.name}`;
  if (isGoing({ metadata })) return `${named} is being deleted`;
  if (!asksForBind(spec))
    return `${named} does not require the verb bind as the policy of this version does`;
  if (spec?.failurePolicy === 'Ignore') return `${named} has the failurePolicy Ignore`;
  const isNarrow =
    spec?.paramKind !== undefined ||
    !isEmpty(spec?.matchConditions) ||
    narrows(spec?.matchConstraints) ||
    !coversAll(spec?.matchConstraints?.resourceRules);
  if (isNarrow) return `${named} does not match every ScimGroupBinding that is created or changed`;
  const own = bindings.filter((each) => each.spec?.policyName === metadata.name && !isGoing(each));
  if (own.length === 0) return `No ValidatingAdmissionPolicyBinding puts ${named} in force`;
  if (own.some(isInForce)) return undefined;
  return `No ValidatingAdmissionPolicyBinding puts ${named} in force everywhere with the action Deny`;
}

function isInForce({ spec }: AdmissionPolicyBinding): boolean {
  const { validationActions = [], paramRef, matchResources } = spec ?? {};
  const rules = matchResources?.resourceRules;
  return (
    validationActions.includes('Deny') &&
    paramRef === undefined &&
    !narrows(matchResources) &&
    (isEmpty(rules) || coversAll(rules))
  );
}

const isEmpty = (value: object | undefined): boolean =>
  value === undefined || Object.values(value).every((each) => isEmptyValue(each));

const isEmptyValue = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && isEmpty(value));

const narrows = (match: MatchResources | undefined): boolean =>
  !isEmpty(match?.namespaceSelector) ||
  !isEmpty(match?.objectSelector) ||
  !isEmpty(match?.excludeResourceRules);

function coversAll(rules: readonly ResourceRule[] = []): boolean {
  return ['CREATE', 'UPDATE'].every((operation) =>
    rules.some(
      (rule) =>
        hasOrAll(rule.apiGroups, GROUP) &&
        hasOrAll(rule.apiVersions, VERSION) &&
        hasOrAll(rule.operations, operation) &&
        hasOrAll(rule.resources, SCIM_GROUP_BINDINGS.plural) &&
        isEmpty(rule.resourceNames) &&
        rule.scope !== 'Cluster',
    ),
  );
}

const hasOrAll = (values: readonly string[] = [], value: string): boolean =>
  values.includes(value) || values.includes('*') || values.includes('*/*');
