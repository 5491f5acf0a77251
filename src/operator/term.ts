/** A term: the controllers, the sweep and the event recorder, for as long as this process leads. */
import { randomUUID } from 'node:crypto';
import { GROUP } from '../crd/names.ts';
import type { Client } from '../kube/client.ts';
import { EventRecorder } from '../kube/events.ts';
import type { Manager } from '../kube/manager.ts';
import type { KubeMetrics } from '../kube/metrics.ts';
import type { Fence } from '../kube/transport.ts';
import { Contentions } from './contentions.ts';
import type { Caches, OperatorContext } from './context.ts';
import { createDefaultRoleController } from './default-role/controller.ts';
import type { DefaultRoleOptions } from './default-role/objects.ts';
import type { DirectoryMarks } from './directory-marks.ts';
import { fencedStore } from './fence.ts';
import { createGroupBindingController } from './group-binding/controller.ts';
import type { RoleReport } from './group-binding/lost-roles.ts';
import type { PolicyReport } from './group-binding/policy-report.ts';
import { createIntegrationControllers } from './integration/controller.ts';
import type { SeenEnds } from './integration/seen-ends.ts';
import type { UnwatchedReport } from './integration/unwatched-report.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { OperatorOptions } from './options.ts';
import { cachesOf, type Reflectors } from './reflectors.ts';
import { sweepUntil } from './sweep.ts';
import { createTenantController } from './tenant/controller.ts';
import { UnlabelledWatches } from './unlabelled-watches.ts';

const NO_DEFAULT_ROLES: DefaultRoleOptions = {
  naming: { prefix: '', from: 'userName', case: 'preserve' },
  roles: () => [],
  onChange: () => () => {},
};

/** The objects that outlive a term. */
interface Parts {
  readonly options: OperatorOptions;
  readonly client: Client;
  readonly metrics: KubeMetrics;
  readonly clusterUid: string;
  readonly manager: Manager;
  readonly reflectors: Reflectors;
  readonly seenEnds: SeenEnds;
  readonly unwatched: UnwatchedReport;
  readonly policyReport: PolicyReport;
  readonly roleReport: RoleReport;
  readonly unwritable: Set<string>;
  readonly marks: DirectoryMarks;
  readonly events: OperatorMetrics['events'];
  /** Called with the caches when a term begins, and with undefined when it ends. */
  readonly onLead: (caches: Caches | undefined) => void;
}

/** Reconciles until the term ends, and leaves nothing of it behind. */
export async function lead(
  parts: Parts,
  { signal, fence }: { readonly signal: AbortSignal; readonly fence?: Fence },
): Promise<void> {
  const { options, client, metrics, clusterUid, manager, reflectors, seenEnds } = parts;
  const { unwatched, policyReport, roleReport, unwritable } = parts;
  const { log, store, publicUrl, watchNamespaces, now = () => new Date() } = options;
  const writer = fence ? client.fenced(fence) : client;
  const events = new EventRecorder({
    client: writer,
    controller: `${GROUP}/operator`,
    instance: `operator-${randomUUID()}`,
    log,
    metric: parts.events,
  });
  const caches = cachesOf(reflectors);
  parts.onLead(caches);
  const context: OperatorContext = {
    client: writer,
    store: fence ? fencedStore(store, fence) : store,
    caches,
    events,
    contentions: new Contentions(options.clock),
    marks: parts.marks,
    unlabelled: new UnlabelledWatches({ client, log, signal }),
    publicUrl,
    clusterUid,
    sees: (namespace) =>
      watchNamespaces?.includes(namespace) !== false &&
      !reflectors.integrations.isRefusedIn(namespace),
    followsGroups: options.groupBindings !== undefined,
    follows: (namespace) => {
      const isIn = watchNamespaces?.includes(namespace) !== false;
      if (reflectors.groupBindings === undefined || !isIn) return 'left';
      return reflectors.groupBindings.isRefusedIn(namespace) ? 'refused' : 'followed';
    },
    installation: options.installation,
    mayReadTenants: () => !reflectors.tenants.isRefused,
    mayReadPolicies: () =>
      reflectors.policies?.isRefused === false && reflectors.policyBindings?.isRefused === false,
    unwritable,
    now,
  };
  unwritable.clear();
  const { clock } = options;
  const { integrations, roles, detach } = createIntegrationControllers(context, {
    seenEnds,
    log,
    metrics,
    clock,
  });
  const tenants = createTenantController(context, integrations, { log, metrics });
  const groupBindings =
    options.groupBindings &&
    createGroupBindingController(context, options.groupBindings.naming, policyReport, {
      log,
      metrics,
    });
  const defaultRoles = createDefaultRoleController(
    context,
    options.defaultRoles ?? NO_DEFAULT_ROLES,
    watchNamespaces,
    { log, metrics },
  );
  const controllers = [integrations, roles, tenants.controller, defaultRoles.controller];
  if (groupBindings) controllers.push(groupBindings.controller);
  await Promise.all([
    manager.control(controllers, signal),
    manager
      .whenSynced(signal)
      .then(() => sweepUntil(signal, context, integrations, { ...options, unwatched, roleReport })),
    groupBindings?.follow(signal),
    manager.whenSynced(signal).then(() => defaultRoles.follow(signal)),
    manager.whenSynced(signal).then(() => groupBindings?.startPolicyReport()),
  ]);
  parts.onLead(undefined);
  detach();
  tenants.detach();
  groupBindings?.detach();
  defaultRoles.detach();
  await events.flush();
}
