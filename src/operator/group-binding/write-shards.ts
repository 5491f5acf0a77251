/**
 * Writes and deletes single RoleBindings of a ScimGroupBinding. A denial becomes an obstacle, and
 * doesn't prevent the other RoleBindings from being written.
 */
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import type { MadeObject, Maker } from '../../directory/store/made-objects.ts';
import { differenceIn } from '../../kube/drift.ts';
import { isDenied, isForbidden, isNotFound } from '../../kube/errors.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { ROLE_BINDINGS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { rememberRole } from '../made-objects.ts';
import { type Obstacle, obstacleFrom } from '../obstacle.ts';
import { FIELD_MANAGER } from '../ownership.ts';
import { deleteRole, isRemembered, rememberExactly, sortOutRoles } from './made-roles.ts';
import { buildMembersBinding, givesMore, hasRoleOf, shardOf } from './objects.ts';
import type { Shard } from './shards.ts';

/** The state of one round: the current RoleBindings, and the first failure. */
export interface Round {
  readonly context: OperatorContext;
  readonly binding: KubeGroupBinding;
  readonly maker: Maker;
  readonly objects: Map<number, RoleBinding>;
  readonly foreign: readonly string[];
  readonly isRepeated?: boolean;
  obstacle?: Obstacle;
  error?: unknown;
}

export const shardsOf = ({ objects, binding }: Round): readonly Shard[] =>
  [...objects.values()].map((each) => shardOf(each, binding));

/**
 * Reads the existing RoleBindings, by name because labels are easily lost. Records them, and
 * deletes those that grant another role.
 */
export async function beginRound(
  context: OperatorContext,
  binding: KubeGroupBinding,
  maker: Maker,
  made: readonly MadeObject[],
): Promise<Round> {
  const { namespace } = binding.metadata;
  const { items } = await context.client.list<RoleBinding>(ROLE_BINDINGS, { namespace });
  const { ours, foreign } = sortOutRoles(binding, made, items ?? []);
  const round: Round = { context, binding, maker, objects: new Map(), foreign };
  if (!isRemembered(context, made, ours)) await rememberExactly(context, maker, made, ours);
  for (const each of ours) {
    round.objects.set(shardOf(each, binding).index, each);
    if (!hasRoleOf(each, binding)) await attempt(round, () => remove(round, each));
  }
  return round;
}

/** Notes a failure in the round, so that it doesn't prevent the rest. */
export async function attempt(round: Round, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const obstacle = denialOf(round.binding, error);
    if (obstacle === undefined) round.error ??= error;
    else round.obstacle ??= obstacle;
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
export async function revokeFrom(round: Round, shard: Shard): Promise<void> {
  const object = round.objects.get(shard.index);
  if (object === undefined) return;
  // The difference is only in metadata, such as labels. Granting too much is never postponed.
  if (!givesMore(object, shard) && postponed(round, shard) !== undefined) return;
  try {
    await shrink(round, shard);
  } catch (error) {
    if (denialOf(round.binding, error) === undefined || !givesMore(object, shard)) throw error;
    await remove(round, object);
  }
}

/** Waits longer each time if something keeps revoking the role. */
export async function grantTo(round: Round, shard: Shard): Promise<void> {
  const message = postponed(round, shard);
  if (message === undefined) await write(round, shard);
  else round.obstacle ??= { reason: REASON.ChangedByOthers, message };
}

function postponed({ context, binding, isRepeated }: Round, shard: Shard): string | undefined {
  if (!isRepeated) return undefined;
  const { name } = buildMembersBinding(binding, shard).metadata;
  return context.contentions.postponed(binding.metadata.uid, ROLE_BINDINGS, name);
}

/** A change of the group doesn't count as contention. */
function noteWrite(
  { context, binding, isRepeated }: Round,
  before: RoleBinding | undefined,
  desired: RoleBinding,
  written: RoleBinding,
): void {
  if (!isRepeated && differenceIn(written, desired) === undefined) return;
  const correction = { resource: ROLE_BINDINGS, before, desired, written };
  context.contentions.note(binding.metadata.uid, correction);
}

export async function shrink(round: Round, shard: Shard): Promise<void> {
  const object = round.objects.get(shard.index);
  if (object === undefined) return;
  if (shard.subjects.length === 0) await remove(round, object);
  else await write(round, shard);
}

async function remove(
  { context, binding, maker, objects }: Round,
  object: RoleBinding,
): Promise<void> {
  await deleteRole(context, maker, object);
  objects.delete(shardOf(object, binding).index);
}

/** The UID makes sure that another object of the name is never written. */
async function write(round: Round, shard: Shard): Promise<void> {
  const { client } = round.context;
  const desired = buildMembersBinding(round.binding, shard);
  const known = round.objects.get(shard.index);
  if (known === undefined) return createNew(round, desired);
  const { uid } = known.metadata;
  const metadata = { ...desired.metadata, ...(uid === undefined ? {} : { uid }) };
  const written = await client.apply(ROLE_BINDINGS, { ...desired, metadata }, FIELD_MANAGER);
  noteWrite(round, known, desired, written);
  round.objects.set(shard.index, written);
}

async function createNew(round: Round, desired: RoleBinding): Promise<void> {
  const { context, maker, objects, foreign } = round;
  // It is reported in any case.
  if (foreign.includes(desired.metadata.name)) return;
  const made = await context.client.create(ROLE_BINDINGS, desired, FIELD_MANAGER);
  noteWrite(round, undefined, desired, made);
  objects.set(shardOf(desired, round.binding).index, made);
  await rememberRole(context, maker, made.metadata);
}
