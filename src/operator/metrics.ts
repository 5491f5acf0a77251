/** The metrics of the operator itself. Those of every controller are in kube/metrics.ts. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../crd/names.ts';
import { CONDITION } from '../crd/reasons.ts';
import { ReadGauge, type Series } from '../directory/metrics/read-gauge.ts';
import type { KubeCondition } from '../kube/conditions.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { Caches } from './context.ts';

export type OperatorMetrics = ReturnType<typeof createOperatorMetrics>;

const CONDITION_LABELS = [
  'kind',
  'resource_namespace',
  'resource_name',
  'condition',
  'status',
] as const;
type ConditionLabel = (typeof CONDITION_LABELS)[number];

/**
 * Registers the metrics, once per registry. `led` returns the caches while this process leads, and
 * `others` returns the number of resources that are left to other installations.
 */
export function createOperatorMetrics(
  registry: Registry,
  led: () => Caches | undefined,
  others: () => number,
) {
  const registers = [registry];
  // Not `namespace` and `name`, because Prometheus gives its targets labels of those names.
  new ReadGauge({
    name: 'scim_operator_resource_condition',
    help: 'Always 1; status is the current status of the condition of the custom resource.',
    labelNames: CONDITION_LABELS,
    registers,
    read: async () => {
      const caches = led();
      return caches === undefined ? [] : conditionSeries(caches);
    },
  });
  new Gauge({
    name: 'scim_operator_other_installation_resources',
    help:
      'Custom resources left to another installation that has a different directory. A leader ' +
      'of another installation counts as one.',
    registers,
    collect() {
      this.set(others());
    },
  });
  return {
    unwatchedIntegrations: new Gauge({
      name: 'scim_operator_unwatched_integrations',
      help: 'Integrations that are served although their namespace is not watched.',
      registers,
    }),
    outdatedDefinitions: new Gauge({
      name: 'scim_operator_outdated_crds',
      help: 'Whether the CRD is older than the operator (1) or not (0), as determined at startup.',
      labelNames: ['crd'],
      registers,
    }),
    events: new Counter({
      name: 'scim_operator_events_total',
      help: 'Events recorded, counting each occurrence in a series.',
      labelNames: ['type', 'reason'],
      registers,
    }),
  };
}

type WithConditions = KubeObject & {
  readonly status?:
    | { readonly conditions?: readonly Pick<KubeCondition, 'type' | 'status'>[] | undefined }
    | undefined;
};

/** Conditions written by others would let them choose labels. */
const KNOWN: ReadonlySet<string> = new Set(Object.values(CONDITION));

function* conditionSeries(caches: Caches): Generator<Series<ConditionLabel>> {
  yield* seriesOf(SCIM_INTEGRATIONS.kind, caches.integrations.list());
  yield* seriesOf(SCIM_TENANTS.kind, caches.tenants.list());
  yield* seriesOf(SCIM_GROUP_BINDINGS.kind, caches.groupBindings.list());
}

function* seriesOf(
  kind: string,
  objects: readonly WithConditions[],
): Generator<Series<ConditionLabel>> {
  for (const { metadata, status } of objects) {
    const { namespace: resource_namespace = '', name: resource_name } = metadata;
    for (const condition of status?.conditions ?? []) {
      if (!KNOWN.has(condition.type)) continue;
      const { type, status: state } = condition;
      yield [{ kind, resource_namespace, resource_name, condition: type, status: state }, 1];
    }
  }
}
