/**
 * Brings the RoleBindings of a ScimGroupBinding in line with a list of subjects. Revocations come
 * first and happen even if everything else fails.
 */

import type { KubeGroupBinding } from '../../crd/objects.ts';
import { keyOf, ROLE_BINDINGS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing } from '../ownership.ts';
import { bindingMaker, isRemembered, sortOutRoles } from './made-roles.ts';
import { hasRoleOf, shardOf } from './objects.ts';
import { planShards, type Shard, type ShardPlan } from './shards.ts';
import {
  attempt,
  beginRound,
  grantTo,
  type Round,
  revokeFrom,
  shardsOf,
  shrink,
} from './write-shards.ts';

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
  const known = sortOutRoles(binding, made, cached);
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
  const round = { ...(await beginRound(context, binding, maker, made)), isRepeated };
  const refusal = await change(round, subjects, permit);
  if (refusal === 'gone') return { ...resultOf(round), isGone: true };
  // If nothing may be granted, everything is revoked.
  if (refusal !== undefined) await change(round, [], permit);
  if (round.error !== undefined) throw round.error;
  return { ...resultOf(round), obstacle: refusal ?? round.obstacle };
}

/** Returns what prevents granting, if something is to be granted. */
async function change(
  round: Round,
  subjects: readonly string[],
  permit: Permit,
): Promise<Obstacle | 'gone' | undefined> {
  const { removals } = planShards(shardsOf(round), subjects, SHARD_SIZE);
  for (const shard of removals) await attempt(round, () => revokeFrom(round, shard));
  // A new plan, because a whole RoleBinding may have been deleted with subjects that must stay.
  const plan = planShards(shardsOf(round), subjects, SHARD_SIZE);
  const refusal = plan.additions.length > 0 ? await permit() : undefined;
  if (refusal !== undefined) return refusal;
  for (const shard of plan.additions) await attempt(round, () => grantTo(round, shard));
  // A subject that moves keeps its old place until it has the new one.
  const isComplete = round.obstacle === undefined && round.error === undefined;
  if (isComplete) for (const shard of plan.moves) await attempt(round, () => shrink(round, shard));
  return undefined;
}

const isEmpty = ({ removals, additions, moves }: ShardPlan): boolean =>
  removals.length + additions.length + moves.length === 0;

function summaryOf(shards: readonly Shard[]): Omit<Bound, 'foreign'> {
  const members = new Set(shards.flatMap(({ subjects }) => subjects));
  return { members: members.size, roleBindings: shards.length };
}

const resultOf = (round: Round): Bound => ({
  ...summaryOf(shardsOf(round)),
  foreign: round.foreign,
});
