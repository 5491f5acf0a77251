/** Generates the tables of metrics in docs/reference/ from the program's registry. */
import type { Registry } from 'prom-client';
import { createCertificateMetric } from '../../src/commands/certificate.ts';
import { createProcessMetrics } from '../../src/commands/process-metrics.ts';
import { ConsoleMetrics } from '../../src/console/http/metrics.ts';
import { ConnectionMetrics } from '../../src/http/connections.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { createRoleMetrics } from '../../src/operator/group-binding/lost-roles.ts';
import { createPolicyMetric } from '../../src/operator/group-binding/policy-report.ts';
import { createOperatorMetrics } from '../../src/operator/metrics.ts';
import { RequestMetrics } from '../../src/scim-server/metrics.ts';
import { createSignInCounter, createSsoConfigGauge } from '../../src/sso/metrics.ts';
import { fillIn } from './tables.ts';

/** Names of the runtime's metrics, which depend on its version and on the machine. */
const RUNTIME = /^(?:process|nodejs)_/;

/** Registers every metric of a process that runs both planes. */
export function allMetrics(): Registry {
  const { registry, census } = createProcessMetrics(() => undefined);
  new RequestMetrics(registry, census, Date.now);
  new ConnectionMetrics(registry);
  new ConsoleMetrics(registry);
  createCertificateMetric(registry, () => new Date(0));
  createKubeMetrics(registry);
  createOperatorMetrics(
    registry,
    () => undefined,
    () => 0,
  );
  createSignInCounter(registry);
  createSsoConfigGauge(registry);
  createPolicyMetric(registry);
  createRoleMetrics(registry);
  return registry;
}

/** Replaces the tables in the document. */
export function fillInMetrics(document: string, registry: Registry): string {
  const rows = registry
    .getMetricsAsArray()
    .filter(({ name }) => !RUNTIME.test(name))
    .map((metric) => ({ name: metric.name, row: rowOf(metric) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const table = (isWanted: (name: string) => boolean) =>
    ['| name | type | labels | meaning |', '|---|---|---|---|']
      .concat(rows.filter(({ name }) => isWanted(name)).map(({ row }) => row))
      .join('\n');
  const isOurs = (name: string) => name.startsWith('scim_');
  const withOurs = fillIn(document, 'scim', table(isOurs));
  return fillIn(
    withOurs,
    'controllers',
    table((name) => !isOurs(name)),
  );
}

function rowOf(metric: ReturnType<Registry['getMetricsAsArray']>[number]): string {
  const labels =
    'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
  const cells = [
    `\`${metric.name}\``,
    String(metric.type),
    labels.map((label) => `\`${label}\``).join(', '),
    metric.help,
  ];
  return `| ${cells.join(' | ')} |`;
}
