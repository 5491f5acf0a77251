/**
 * Reconciles a ScimGroupBinding. Users get its role if they are in its group and the namespace may
 * use the tenant.
 */
import { bindingTenantOf } from '../../crd/defaults.ts';
import { type EventReason, SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { EVENT, REASON } from '../../crd/reasons.ts';
import type { ScimGroupBindingStatus } from '../../crd/scim-group-binding.ts';
import type { NamingRule } from '../../directory/kubernetes-names.ts';
import { getIfExists } from '../../kube/client.ts';
import type { Reconcile, Result } from '../../kube/controller.ts';
import { isAlreadyExists, isConflict, isNamespaceTerminating } from '../../kube/errors.ts';
import { keyOf, keyText, type ObjectKey } from '../../kube/resource.ts';
import { writeStatus } from '../../kube/write-status.ts';
import type { OperatorContext } from '../context.ts';
import { isLeftToAnother } from '../directory-marks.ts';
import { OBSTACLE_RETRY_MS, obstacleFrom, STALE_RETRY_MS } from '../obstacle.ts';
import { FIELD_MANAGER, isGoing } from '../ownership.ts';
import { forbiddenIn } from '../tenant/gather.ts';
import { admissionPolicyIn } from './admission-policy.ts';
import { bindMembers, type Permit } from './bind-members.ts';
import type { FollowedGroups } from './followed-groups.ts';
import { endRolesOfGone, type LeftRole } from './made-roles.ts';
import { decideMembers, MEMBERSHIP_LIMITS, selectorOf } from './members.ts';
import {
  type BindingFindings,
  buildGroupBindingStatus,
  buildTerminatingBindingStatus,
  conflictWith,
} from './status.ts';

/** The cache may be behind, and without its CRD a ScimGroupBinding may still be restored. */
const GONE_RECHECK_MS = 5_000;
/** In case a change was not noticed. A restored database looks as if nothing had happened. */
const REFRESH_MS = 600_000;
/**
 * If namespaces may not be listed, nothing reports that one has lost the label that a ScimTenant
 * selects.
 */
const BLIND_REFRESH_MS = 60_000;

export function createGroupBindingReconcile(
  context: OperatorContext,
  followed: FollowedGroups,
  rule: NamingRule,
): Reconcile {
  const given: Given = new Map();
  return async (key) => {
    const binding = context.caches.groupBindings.get(key);
    if (binding === undefined || isGoing(binding)) {
      followed.forget(key);
      given.delete(keyText(key));
      return end(context, key, binding);
    }
    if (isLeftToAnother(context, binding)) {
      followed.forget(key);
      return {};
    }
    const { findings: found, error } = await work(context, binding, { followed, given, rule });
    const contended = context.contentions.of(binding.metadata.uid);
    const findings = { ...found, contended, policy: admissionPolicyIn(context) };
    if (isNamespaceTerminating(error) || findings.bound?.isGone) return {};
    if (isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: STALE_RETRY_MS };
    announce(context, binding, findings);
    const built = buildGroupBindingStatus(binding, findings, context.now());
    const written = await writeOwnStatus(context, binding, built);
    if (error !== undefined) throw error;
    if (!written) return { requeueAfterMs: STALE_RETRY_MS };
    const contest = context.contentions.nextLookMs(binding.metadata.uid) ?? REFRESH_MS;
    return { requeueAfterMs: Math.min(contest, nextLookMs(context, findings)) };
  };
}

function nextLookMs({ caches }: OperatorContext, { bound }: BindingFindings): number {
  const isBlocked = bound?.obstacle !== undefined || (bound?.foreign.length ?? 0) > 0;
  if (isBlocked) return OBSTACLE_RETRY_MS;
  const refreshMs = caches.namespaces.size === 0 ? BLIND_REFRESH_MS : REFRESH_MS;
  return refreshMs * (1 + Math.random() / 5);
}

/**
 * By key of the ScimGroupBinding: its UID, and who got the role in the last reconcile without an
 * obstacle.
 */
type Given = Map<string, string>;

interface Following {
  readonly followed: FollowedGroups;
  readonly given: Given;
  readonly rule: NamingRule;
}

/** Writes the status with the mark of our directory, which makes the binding ours. */
async function writeOwnStatus(
  { client, marks }: OperatorContext,
  binding: KubeGroupBinding,
  built: ScimGroupBindingStatus,
): Promise<boolean> {
  const status = { ...built, directory: marks.ours };
  const written = await writeStatus(client, SCIM_GROUP_BINDINGS, binding, status, FIELD_MANAGER);
  if (written) marks.hold(binding);
  return written;
}

/**
 * Not left to the garbage collector, which waits for finalizers and doesn't act with
 * `--cascade=orphan`.
 */
async function end(
  context: OperatorContext,
  key: ObjectKey,
  going: KubeGroupBinding | undefined,
): Promise<Result> {
  if (going !== undefined && isLeftToAnother(context, going)) return {};
  context.marks.forget(SCIM_GROUP_BINDINGS.kind, key);
  if (going !== undefined) context.contentions.forget(going.metadata.uid);
  if (context.follows(key.namespace ?? '') !== 'followed') return {};
  const left = await endRolesOfGone(context, key, going);
  if (going !== undefined) await reportTermination(context, going, left ?? []);
  if (left === undefined) return { requeueAfterMs: GONE_RECHECK_MS };
  const error = left.find((each) => each.error !== undefined)?.error;
  if (error !== undefined && !isNamespaceTerminating(error)) throw error;
  return left.length > 0 ? { requeueAfterMs: OBSTACLE_RETRY_MS } : {};
}

/**
 * A finalizer may hold the object for a long time. If the object has changed, the reconcile of that
 * change writes the status.
 */
async function reportTermination(
  { client, now }: OperatorContext,
  binding: KubeGroupBinding,
  left: readonly LeftRole[],
): Promise<void> {
  const status = buildTerminatingBindingStatus(binding, left, now());
  await writeStatus(client, SCIM_GROUP_BINDINGS, binding, status, FIELD_MANAGER);
}

/** If a read fails, nothing changes, and current holders keep the role. */
async function work(
  context: OperatorContext,
  binding: KubeGroupBinding,
  { followed, given, rule }: Following,
): Promise<{ findings: BindingFindings; error?: unknown }> {
  let findings: BindingFindings = {};
  try {
    const { subjects, ...known } = await gatherMembers(context, binding, followed, rule);
    findings = known;
    const key = keyText(keyOf(binding));
    const members = [binding.metadata.uid, ...subjects.toSorted()].join('\n');
    const wanted = { subjects, isRepeated: given.get(key) === members };
    const bound = await bindMembers(context, binding, wanted, permitFor(context, binding));
    if (bound.obstacle === undefined) given.set(key, members);
    const obstacle = known.obstacle ?? bound.obstacle ?? conflictWith(bound.foreign);
    return { findings: { ...known, bound, obstacle } };
  } catch (error) {
    return { findings: { ...findings, obstacle: obstacleFrom(error) }, error };
  }
}

async function gatherMembers(
  context: OperatorContext,
  binding: KubeGroupBinding,
  followed: FollowedGroups,
  rule: NamingRule,
): Promise<BindingFindings & { subjects: readonly string[] }> {
  const { namespace } = binding.metadata;
  const [key, tenant] = [keyOf(binding), bindingTenantOf(binding)];
  const forbidden = await forbiddenIn(context, namespace, tenant, 'cached');
  if (forbidden !== undefined) {
    followed.forget(key);
    return { subjects: [], obstacle: forbidden, hasGroup: false };
  }
  const selector = selectorOf(binding);
  const { memberships } = context.store;
  const reading = await memberships.read(tenant, selector, MEMBERSHIP_LIMITS, rule.from);
  followed.note(key, tenant, selector, reading.basis);
  const decided = decideMembers(binding, reading, rule);
  const { group } = reading;
  return { ...decided, nameFrom: rule.from, ...(group ? { group } : { hasGroup: false }) };
}

/**
 * A stale cache never grants anything, neither to a namespace nor for a ScimGroupBinding that is
 * gone or has been replaced.
 */
const permitFor =
  (context: OperatorContext, binding: KubeGroupBinding): Permit =>
  async () => {
    const live = await getIfExists<KubeGroupBinding>(
      context.client,
      SCIM_GROUP_BINDINGS,
      keyOf(binding),
    );
    const isSame = live?.metadata.uid === binding.metadata.uid;
    if (!isSame || isGoing(live)) return 'gone';
    const { namespace } = binding.metadata;
    return forbiddenIn(context, namespace, bindingTenantOf(binding), 'live');
  };

/** Records each event once, when the obstacle begins. */
function announce(
  { events }: OperatorContext,
  binding: KubeGroupBinding,
  { obstacle, bound, contended = [] }: BindingFindings,
): void {
  const { conditions = [] } = binding.status ?? {};
  const foreign = conflictWith(bound?.foreign ?? []);
  const [message] = contended;
  const contest = message === undefined ? undefined : { reason: REASON.ChangedByOthers, message };
  const told = new Set(conditions.map(({ reason }) => reason));
  for (const each of [obstacle, foreign, contest]) {
    const event = ANNOUNCED.get(each?.reason ?? '');
    if (each === undefined || event === undefined || told.has(each.reason)) continue;
    // Two of them may be the same.
    told.add(each.reason);
    events.record(binding, {
      type: 'Warning',
      reason: event,
      action: 'Reconcile',
      note: each.message,
    });
  }
}

const ANNOUNCED = new Map<string, EventReason>([
  [REASON.TenantNotAllowed, EVENT.TenantNotAllowed],
  [REASON.ObjectConflict, EVENT.ObjectConflict],
  [REASON.ChangedByOthers, EVENT.Contended],
]);
