/**
 * Brings the RoleBindings of a ScimGroupBinding in line with a list of subjects. Revocations come
 * first and happen even if everything else fails.
 */

import type { KubeGroupBinding } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import type { MadeObject, Maker } from '../../directory/store/made-objects.ts';
import { differenceIn } from '../../kube/drift.ts';
import { isDenied, isForbidden, isNotFound } from '../../kube/errors.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { keyOf, ROLE_BINDINGS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { type Obstacle, obstacleFrom } from '../obstacle.ts';
import { FIELD_MANAGER, isGoing } from '../ownership.ts';
import { bindingMaker, deleteRole, rememberRole } from './made-roles.ts';
import {
  buildMembersBinding,
  givesMore,
  hasRoleOf,
  isNamedFor,
  isOfBinding,
  shardOf,
} from './objects.ts';
import { planShards, type Shard, type ShardPlan } from './shards.ts';

const SHARD_SIZE = 1_000;

/**
 * Called just before a role is granted. Returns what prevents that, or that the ScimGroupBinding
 * itself is gone.
 */
export type Permit = () => Promise<Obstacle | 'gone' | undefined>;

interface Wanted {
  readonly subjects: readonly string[];
  /** They had the role after the last reconcile, so any difference was made by others. */
  readonly isRepeated: boolean;
}

export interface Bound {
  readonly members: number;
  readonly roleBindings: number;
  readonly obstacle?: Obstacle | undefined;
  /** The ScimGroupBinding that would report the result is gone. */
  readonly isGone?: boolean;
  /** RoleBindings that have a name of the ScimGroupBinding but were not created for it. */
  readonly foreign: readonly string[];
}

export async function bindMembers(
  context: OperatorContext,
  binding: KubeGroupBinding,
  { subjects, isRepeated }: Wanted,
  permit: Permit,
): Promise<Bound> {
  const maker = bindingMaker(context, keyOf(binding));
  const made = await context.store.madeObjects.list(maker);
  const cached = context.caches.roleBindings.list(binding.metadata.namespace);
  const known = sortOut(binding, made, cached);
  const shards = known.ours.map((each) => shardOf(each, binding));
  const isRight =
    known.ours.every((each) => hasRoleOf(each, binding) && !isGoing(each)) &&
    isRemembered(context, made, known.ours);
  if (isRight && isEmpty(planShards(shards, subjects, SHARD_SIZE))) {
    const { uid } = binding.metadata;
    for (const { metadata } of known.ours)
      context.contentions.settled(uid, ROLE_BINDINGS, metadata.name);
    return { ...summaryOf(shards), foreign: known.foreign };
  }
  // The cache may be behind what this process wrote a moment ago.
  const work = { ...(await begin(context, binding, maker, made)), isRepeated };
  const refusal = await change(work, subjects, permit);
  if (refusal === 'gone') return { ...resultOf(work), isGone: true };
  // If nothing may be granted, everything is revoked.
  if (refusal !== undefined) await change(work, [], permit);
  if (work.error !== undefined) throw work.error;
  return { ...resultOf(work), obstacle: refusal ?? work.obstacle };
}

/**
 * Separates our RoleBindings from others that have a name of the ScimGroupBinding: by UID, or by
 * owner if a crash prevented the UID from being recorded.
 */
function sortOut(
  binding: KubeGroupBinding,
  made: readonly MadeObject[],
  objects: readonly RoleBinding[],
): { readonly ours: readonly RoleBinding[]; readonly foreign: readonly string[] } {
  const uids = new Set(made.map(({ uid }) => uid));
  const named = objects.filter((each) => isNamedFor(each, binding));
  const isOurs = (each: RoleBinding) => uids.has(each.metadata.uid) || isOfBinding(each, binding);
  return {
    ours: named.filter(isOurs),
    foreign: named.filter((each) => !isOurs(each)).map(({ metadata }) => metadata.name),
  };
}

/** Whether exactly these are recorded, as managed by this operator. */
function isRemembered(
  { installation }: OperatorContext,
  made: readonly MadeObject[],
  ours: readonly RoleBinding[],
): boolean {
  const uids = new Set(ours.map(({ metadata }) => metadata.uid));
  return (
    made.length === ours.length &&
    made.every(({ uid, operator }) => uids.has(uid) && operator === installation)
  );
}

/** Returns what prevents granting, if something is to be granted. */
async function change(
  work: Work,
  subjects: readonly string[],
  permit: Permit,
): Promise<Obstacle | 'gone' | undefined> {
  const { removals } = planShards(shardsOf(work), subjects, SHARD_SIZE);
  for (const shard of removals) await attempt(work, () => revoke(work, shard));
  // A new plan, because a whole RoleBinding may have been deleted with subjects that must stay.
  const plan = planShards(shardsOf(work), subjects, SHARD_SIZE);
  const refusal = plan.additions.length > 0 ? await permit() : undefined;
  if (refusal !== undefined) return refusal;
  for (const shard of plan.additions) await attempt(work, () => grant(work, shard));
  // A subject that moves keeps its old place until it has the new one.
  const isComplete = work.obstacle === undefined && work.error === undefined;
  if (isComplete) for (const shard of plan.moves) await attempt(work, () => shrink(work, shard));
  return undefined;
}

const isEmpty = ({ removals, additions, moves }: ShardPlan): boolean =>
  removals.length + additions.length + moves.length === 0;

function summaryOf(shards: readonly Shard[]): Omit<Bound, 'foreign'> {
  const members = new Set(shards.flatMap(({ subjects }) => subjects));
  return { members: members.size, roleBindings: shards.length };
}

/** The state of one round: the current RoleBindings, and the first failure. */
interface Work {
  readonly context: OperatorContext;
  readonly binding: KubeGroupBinding;
  readonly maker: Maker;
  readonly objects: Map<number, RoleBinding>;
  readonly foreign: readonly string[];
  readonly isRepeated?: boolean;
  obstacle?: Obstacle;
  error?: unknown;
}

const shardsOf = ({ objects, binding }: Work): readonly Shard[] =>
  [...objects.values()].map((each) => shardOf(each, binding));

const resultOf = (work: Work): Bound => ({
  ...summaryOf(shardsOf(work)),
  foreign: work.foreign,
});

/**
 * Reads the existing RoleBindings, by name because labels are easily lost. Records them, and
 * deletes those that grant another role.
 */
async function begin(
  context: OperatorContext,
  binding: KubeGroupBinding,
  maker: Maker,
  made: readonly MadeObject[],
): Promise<Work> {
  const { namespace } = binding.metadata;
  const { items } = await context.client.list<RoleBinding>(ROLE_BINDINGS, { namespace });
  const { ours, foreign } = sortOut(binding, made, items ?? []);
  const work: Work = { context, binding, maker, objects: new Map(), foreign };
  if (!isRemembered(context, made, ours)) await remember(context, maker, made, ours);
  for (const each of ours) {
    work.objects.set(shardOf(each, binding).index, each);
    if (!hasRoleOf(each, binding)) await attempt(work, () => remove(work, each));
  }
  return work;
}

async function remember(
  context: OperatorContext,
  maker: Maker,
  made: readonly MadeObject[],
  ours: readonly RoleBinding[],
): Promise<void> {
  const names = new Set(ours.map(({ metadata }) => metadata.name));
  for (const each of made)
    if (!names.has(each.name)) await context.store.madeObjects.forget(maker, each);
  for (const each of ours) await rememberRole(context, maker, each);
}

/** A failure doesn't prevent the rest. */
async function attempt(work: Work, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const obstacle = denialOf(work.binding, error);
    if (obstacle === undefined) work.error ??= error;
    else work.obstacle ??= obstacle;
  }
}

/** Undefined if nothing denied the request. */
function denialOf({ spec }: KubeGroupBinding, error: unknown): Obstacle | undefined {
  const { kind, name } = spec.roleRef;
  const reason = REASON.PermissionDenied;
  if (isForbidden(error)) {
    const message =
      `The operator may not bind ${kind} ${name} in this namespace; give its role the verb bind ` +
      `on it: ${error.message}`;
    return { reason, message };
  }
  // Without `bind`, the operator would have to hold the role's permissions, which the API server
  // can't check for a role that doesn't exist.
  if (isNotFound(error, name)) {
    const message =
      `${kind} ${name} does not exist, and the operator may not bind one of that name; create ` +
      "it and give the operator's role the verb bind on it, or create another ScimGroupBinding " +
      'if the name is wrong';
    return { reason, message };
  }
  return isDenied(error) ? obstacleFrom(error) : undefined;
}

/**
 * Removes subjects. If the API server denies that, the whole RoleBinding is deleted, and the other
 * subjects get a new one if permitted, so that nobody keeps a role that they must not have.
 */
async function revoke(work: Work, shard: Shard): Promise<void> {
  const object = work.objects.get(shard.index);
  if (object === undefined) return;
  // The difference is only in metadata, such as labels. Granting too much is never postponed.
  if (!givesMore(object, shard) && postponed(work, shard) !== undefined) return;
  try {
    await shrink(work, shard);
  } catch (error) {
    if (denialOf(work.binding, error) === undefined || !givesMore(object, shard)) throw error;
    await remove(work, object);
  }
}

/** Waits longer each time if something keeps revoking the role. */
async function grant(work: Work, shard: Shard): Promise<void> {
  const message = postponed(work, shard);
  if (message === undefined) await write(work, shard);
  else work.obstacle ??= { reason: REASON.ChangedByOthers, message };
}

function postponed({ context, binding, isRepeated }: Work, shard: Shard): string | undefined {
  if (!isRepeated) return undefined;
  const { name } = buildMembersBinding(binding, shard).metadata;
  return context.contentions.postponed(binding.metadata.uid, ROLE_BINDINGS, name);
}

/** A change of the group doesn't count as contention. */
function noteWrite(
  { context, binding, isRepeated }: Work,
  before: RoleBinding | undefined,
  desired: RoleBinding,
  written: RoleBinding,
): void {
  if (!isRepeated && differenceIn(written, desired) === undefined) return;
  const correction = { resource: ROLE_BINDINGS, before, desired, written };
  context.contentions.note(binding.metadata.uid, correction);
}

async function shrink(work: Work, shard: Shard): Promise<void> {
  const object = work.objects.get(shard.index);
  if (object === undefined) return;
  if (shard.subjects.length === 0) await remove(work, object);
  else await write(work, shard);
}

async function remove(
  { context, binding, maker, objects }: Work,
  object: RoleBinding,
): Promise<void> {
  await deleteRole(context, maker, object);
  objects.delete(shardOf(object, binding).index);
}

/** The UID makes sure that another object of the name is never written. */
async function write(work: Work, shard: Shard): Promise<void> {
  const { client } = work.context;
  const desired = buildMembersBinding(work.binding, shard);
  const known = work.objects.get(shard.index);
  if (known === undefined) return createNew(work, desired);
  const { uid } = known.metadata;
  const metadata = { ...desired.metadata, ...(uid === undefined ? {} : { uid }) };
  const written = await client.apply(ROLE_BINDINGS, { ...desired, metadata }, FIELD_MANAGER);
  noteWrite(work, known, desired, written);
  work.objects.set(shard.index, written);
}

async function createNew(work: Work, desired: RoleBinding): Promise<void> {
  const { context, maker, objects, foreign } = work;
  // It is reported in any case.
  if (foreign.includes(desired.metadata.name)) return;
  const made = await context.client.create(ROLE_BINDINGS, desired, FIELD_MANAGER);
  noteWrite(work, undefined, desired, made);
  objects.set(shardOf(desired, work.binding).index, made);
  await rememberRole(context, maker, made);
}
