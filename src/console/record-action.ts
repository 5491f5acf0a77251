/**
 * Records what a visitor did, under their name: in the activity log of the tenant, in an event of
 * the object, and in the log of the program. The audit log of Kubernetes names the operator.
 */
import { EVENT } from '../crd/reasons.ts';
import type { NewActivity } from '../directory/store/activity.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { ConsoleContext, ConsoleRequest } from './context.ts';

interface Action {
  readonly operation: NewActivity['operation'];
  readonly resource: NewActivity['resource'];
  readonly change?: NewActivity['change'];
  /** The object that gets the event; undefined if there is none. */
  readonly regarding?: KubeObject;
  /** What was done, in CamelCase. */
  readonly action: string;
  /** A sentence in the past tense without its subject: `disabled the integration`. */
  readonly note: string;
}

/** A custom resource, as the log and the event name it. */
export const about = (
  type: 'ScimIntegration' | 'ScimGroupBinding',
  object: KubeObject & { readonly metadata: { readonly uid: string } },
): Pick<Action, 'resource'> & { readonly regarding: KubeObject } => {
  const { namespace, name, uid } = object.metadata;
  return { resource: { type, id: uid, name: `${namespace}/${name}` }, regarding: object };
};

/** Call it after the action. It never fails, because what is done can't be undone. */
export async function recordAction(
  context: ConsoleContext,
  c: ConsoleRequest,
  { operation, resource, change = {}, regarding, action, note }: Action,
): Promise<void> {
  const requestId = c.get('requestId');
  const { session } = c.get('visit');
  const tenant = c.get('tenant').name;
  const { user } = session.identity;
  context.log.info({ requestId, user, tenant, operation, resource }, 'changed in the console');
  if (regarding !== undefined) {
    const reason = EVENT.ChangedInConsole;
    context.events.record(regarding, { type: 'Normal', reason, action, note: `${user} ${note}` });
  }
  const kind = session.person === undefined ? 'kubernetes' : 'person';
  const actor = { kind, name: user } as const;
  await appendActivity(context, { tenant, actor, operation, resource, requestId, change });
}

/** Appends to the activity log now. It never fails. */
export async function appendActivity(
  { store, log, now }: Pick<ConsoleContext, 'store' | 'log' | 'now'>,
  entry: Omit<NewActivity, 'at' | 'version'>,
): Promise<void> {
  try {
    await store.activity.append({ ...entry, at: now(), version: undefined });
  } catch (err) {
    const { requestId, tenant, operation, actor } = entry;
    log.error({ err, requestId, user: actor.name, tenant, operation }, 'a change was not recorded');
  }
}
