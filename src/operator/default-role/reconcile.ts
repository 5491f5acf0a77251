/**
 * Reconciles the default roles of a tenant in one namespace. They exist there while the namespace
 * may use the tenant and an identity provider has them, and nothing else of that name is touched.
 */
import { groupSubject, type NamingRule } from '../../directory/kubernetes-names.ts';
import type { MadeObject, Maker } from '../../directory/store/made-objects.ts';
import { deleteIfExists, getIfExists } from '../../kube/client.ts';
import type { Reconcile } from '../../kube/controller.ts';
import { contains, isAsDesired } from '../../kube/drift.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { keyOf, keyText, type ObjectKey, ROLE_BINDINGS } from '../../kube/resource.ts';
import { applyDesired } from '../apply-desired.ts';
import { type OperatorContext, ownerOf } from '../context.ts';
import { deleteMade, rememberRole } from '../made-objects.ts';
import { OBSTACLE_RETRY_MS } from '../obstacle.ts';
import { isGoing } from '../ownership.ts';
import { forbiddenIn } from '../tenant/gather.ts';
import { buildDefaultRoleBinding, clusterRoleNamedIn, type DefaultRole } from './objects.ts';

/** Of makers in the directory. There is no such custom resource. */
export const MAKER_KIND = 'DefaultRole';

/** In case a change was not noticed. */
const REFRESH_MS = 600_000;

/** Keys are of namespaces, each with the name of a tenant. */
export function createDefaultRoleReconcile(
  context: OperatorContext,
  naming: NamingRule,
  roles: () => readonly DefaultRole[],
): Reconcile {
  /** The names that are not free, each of which is logged once. */
  const told = new Set<string>();
  return async (key, { log }) => {
    const maker = makerOf(context, key);
    const made = await context.store.madeObjects.list(maker);
    const desired = await desiredIn(context, naming, roles(), key, made);
    const names = new Set(desired.map(({ metadata }) => metadata.name));
    const unwanted = made.filter(({ name }) => !names.has(name));
    for (const each of unwanted) await end(context, maker, each);
    let isBlocked = false;
    for (const each of desired) {
      const name = keyText(keyOf(each));
      const outcome = await keep(context, maker, made, each);
      if (outcome !== 'kept') isBlocked = true;
      if (outcome === 'taken' && !told.has(name)) log.warn({ roleBinding: name }, TAKEN);
      if (outcome === 'taken') told.add(name);
      else told.delete(name);
    }
    if (isBlocked) return { requeueAfterMs: OBSTACLE_RETRY_MS };
    return desired.length === 0 ? {} : { requeueAfterMs: REFRESH_MS * (1 + Math.random() / 5) };
  };
}

const makerOf = (context: OperatorContext, key: ObjectKey): Maker => ({
  kind: MAKER_KIND,
  ...ownerOf(context, key),
});

/** The caches suffice for ending a role; granting one requires live reads. */
async function desiredIn(
  context: OperatorContext,
  naming: NamingRule,
  roles: readonly DefaultRole[],
  { namespace = '', name: tenant }: ObjectKey,
  made: readonly MadeObject[],
): Promise<readonly RoleBinding[]> {
  const group = groupSubject(naming, tenant);
  const own = roles.filter((each) => each.tenant === tenant);
  if (group === undefined || own.length === 0 || !context.sees(namespace)) return [];
  const desired = own.map((role) => buildDefaultRoleBinding(namespace, role, group));
  const { roleBindings } = context.caches;
  const isKept = desired.every((each) => isRight(roleBindings.get(keyOf(each)), each, made));
  try {
    const isForbidden = async (how: 'cached' | 'live') =>
      (await forbiddenIn(context, namespace, tenant, how, 'provision')) !== undefined;
    if ((await isForbidden('cached')) || (!isKept && (await isForbidden('live')))) return [];
  } catch (error) {
    if (isNotFound(error, namespace)) return [];
    throw error;
  }
  return desired;
}

const isRight = (
  object: RoleBinding | undefined,
  desired: RoleBinding,
  made: readonly MadeObject[],
): boolean =>
  object !== undefined &&
  !isGoing(object) &&
  isAsDesired(object, desired) &&
  made.some(({ uid }) => uid === object.metadata.uid);

/** A crash may have prevented the UID from being recorded. */
async function end(context: OperatorContext, maker: Maker, made: MadeObject): Promise<void> {
  if (made.operator !== context.installation) return;
  if (made.uid !== undefined) return deleteMade(context, maker, ROLE_BINDINGS, made);
  const key = { namespace: maker.namespace, name: made.name };
  const live = await getIfExists<RoleBinding>(context.client, ROLE_BINDINGS, key);
  const { namespace, name: tenant } = maker;
  const role = { tenant, clusterRole: clusterRoleNamedIn(made.name, tenant) };
  // The group makes no difference to whose the object is.
  const created = buildDefaultRoleBinding(namespace, role, '');
  const uid = live && isOurs(live, [made], created) ? live.metadata.uid : undefined;
  await deleteMade(context, maker, ROLE_BINDINGS, { name: made.name, uid });
}

/**
 * Whether the RoleBinding is ours: by its UID, or if it was about to be created or was restored,
 * because it is exactly what the operator creates.
 */
function isOurs(
  object: RoleBinding,
  made: readonly MadeObject[],
  { metadata, roleRef }: RoleBinding,
): boolean {
  const isRecorded = made.some(({ uid }) => uid === object.metadata.uid);
  return (
    isRecorded ||
    (contains(object.roleRef, roleRef) && contains(object.metadata.labels, metadata.labels))
  );
}

const TAKEN =
  'RoleBinding has the name of that of a default role, but the operator did not create it; check ' +
  'and delete it';

/** `taken` if somebody else's object has the name, `waiting` if something else is in the way. */
async function keep(
  context: OperatorContext,
  maker: Maker,
  made: readonly MadeObject[],
  desired: RoleBinding,
): Promise<'kept' | 'taken' | 'waiting'> {
  const { client, caches, contentions } = context;
  const key = keyOf(desired);
  const owner = `${maker.kind} ${keyText(maker)}`;
  if (isRight(caches.roleBindings.get(key), desired, made)) {
    contentions.settled(owner, ROLE_BINDINGS, key.name);
    return 'kept';
  }
  const live = await getIfExists<RoleBinding>(client, ROLE_BINDINGS, key);
  if (live !== undefined && !isOurs(live, made, desired)) return 'taken';
  if (live !== undefined && isGoing(live)) return 'waiting';
  if (live !== undefined && !contains(live.roleRef, desired.roleRef))
    await deleteIfExists(client, ROLE_BINDINGS, key, live.metadata.uid);
  if (live === undefined) await rememberRole(context, maker, { name: key.name });
  const outcome = await applyDesired(context, owner, ROLE_BINDINGS, live, desired);
  const written = await getIfExists<RoleBinding>(client, ROLE_BINDINGS, key);
  if (written !== undefined) await rememberRole(context, maker, written.metadata);
  return outcome === 'made' || outcome === 'corrected' ? 'kept' : 'waiting';
}
