/**
 * Finds RoleBindings that no managed ScimGroupBinding accounts for. Those that the operator created
 * are deleted if possible, and all others are reported.
 */
import { Gauge, type Registry } from 'prom-client';
import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { keyText } from '../../kube/resource.ts';
import type { Logger } from '../../logger.ts';
import type { OperatorContext } from '../context.ts';
import { isOutage, obstacleFrom } from '../obstacle.ts';
import { isGoing } from '../ownership.ts';
import { bindingMaker, endRoles, endRolesOfGone, type LeftRole } from './made-roles.ts';
import { groupBindingNamedIn, isOfBinding } from './objects.ts';

/** Registers the metrics, once per registry. */
export function createRoleMetrics(registry: Registry) {
  const registers = [registry];
  return {
    left: new Gauge({
      name: 'scim_operator_left_role_bindings',
      help:
        'RoleBindings that the operator created for ScimGroupBindings that are gone or no ' +
        'longer followed, and could not delete.',
      registers,
    }),
    foreign: new Gauge({
      name: 'scim_operator_foreign_role_bindings',
      help:
        'RoleBindings that have the name of a RoleBinding of a ScimGroupBinding, and that the ' +
        'operator did not create.',
      registers,
    }),
  };
}

/** Reports them in metrics, and in the log when they change. */
export class RoleReport {
  readonly #metrics: ReturnType<typeof createRoleMetrics>;
  readonly #log: Logger;
  readonly #told = new Map<string, string>();

  constructor(metrics: ReturnType<typeof createRoleMetrics>, log: Logger) {
    this.#metrics = metrics;
    this.#log = log;
  }

  left(roles: readonly Pick<LeftRole, 'name' | 'reason'>[]): void {
    this.#metrics.left.set(roles.length);
    this.#tell(
      roles.map(({ name, reason }) => `${name}: ${reason}`),
      'RoleBindings of groups that are no longer followed could not be deleted and still grant ' +
        'their roles',
    );
  }

  foreign(names: readonly string[]): void {
    this.#metrics.foreign.set(names.length);
    this.#tell(
      names,
      'RoleBindings have the names of RoleBindings of ScimGroupBindings but were not created ' +
        'by the operator',
    );
  }

  #tell(roleBindings: readonly string[], message: string): void {
    const told = roleBindings.join('\n');
    if (told !== (this.#told.get(message) ?? '') && roleBindings.length > 0)
      this.#log.warn(
        { count: roleBindings.length, roleBindings: roleBindings.slice(0, 20) },
        message,
      );
    this.#told.set(message, told);
  }
}

/** Also run at startup, for what happened in the meantime and for changes of the configuration. */
export async function endLostRoles(context: OperatorContext, report: RoleReport): Promise<void> {
  const { store, caches, clusterUid, installation, follows } = context;
  const left: LeftRole[] = [];
  for (const maker of await store.madeObjects.makers(clusterUid, SCIM_GROUP_BINDINGS.kind)) {
    const { namespace, name } = maker;
    const key = { namespace, name };
    const binding = caches.groupBindings.get(key);
    const how = follows(namespace);
    if (how === 'refused') continue;
    if (how === 'followed' && binding !== undefined && !isGoing(binding)) continue;
    // Another operator may manage the namespace.
    if (how === 'left' && maker.operator !== installation) continue;
    const ending =
      how === 'left' ? endRoles(context, maker) : endRolesOfGone(context, key, binding);
    const roles = await ending.catch((error: unknown): readonly LeftRole[] => {
      // During an outage, nothing is known about any of them.
      if (isOutage(error)) throw error;
      return [{ name, reason: obstacleFrom(error).message }];
    });
    for (const each of roles ?? [])
      left.push({ ...each, name: keyText({ namespace, name: each.name }) });
  }
  report.left(left);
  report.foreign(context.followsGroups ? await foreignRoles(context) : []);
}

/** Asks the directory only about RoleBindings that no ScimGroupBinding of their name owns. */
async function foreignRoles(context: OperatorContext): Promise<readonly string[]> {
  const { caches, store } = context;
  const isUnknown = async (object: RoleBinding): Promise<boolean> => {
    const { namespace = '', name, uid } = object.metadata;
    const of = groupBindingNamedIn(name);
    if (of === undefined) return false;
    const key = { namespace, name: of };
    const binding = caches.groupBindings.get(key);
    if (binding !== undefined && isOfBinding(object, binding)) return false;
    const made = await store.madeObjects.list(bindingMaker(context, key));
    return !made.some((each) => each.uid === uid);
  };
  const names: string[] = [];
  for (const object of caches.roleBindings.list())
    if (await isUnknown(object)) names.push(keyText(object.metadata));
  return names;
}
