/** Integrations outside the watched namespaces: served as they are, and neither changed nor ended by what happens to their resources. */
import { Gauge, type Registry } from 'prom-client';
import type { IntegrationRecord } from '../directory/store.ts';
import type { Logger } from '../logger.ts';

export type OperatorMetrics = ReturnType<typeof createOperatorMetrics>;

/** Registers the metrics; once for a registry. */
export function createOperatorMetrics(registry: Registry) {
  return {
    unwatchedIntegrations: new Gauge({
      name: 'scim_operator_unwatched_integrations',
      help: 'Integrations that are served although their namespace is not watched.',
      registers: [registry],
    }),
  };
}

/** Tells of them: a line in the log when they are others than before. */
export class UnwatchedReport {
  readonly #namespaces: ReadonlySet<string> | undefined;
  readonly #metrics: OperatorMetrics;
  readonly #log: Logger;
  #told = '';

  /** Without `namespaces` all are watched. */
  constructor(namespaces: readonly string[] | undefined, metrics: OperatorMetrics, log: Logger) {
    this.#namespaces = namespaces && new Set(namespaces);
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Takes all records of the cluster. */
  update(records: readonly IntegrationRecord[]): void {
    const unwatched = records.filter(
      ({ endedAt, namespace }) =>
        endedAt === undefined && this.#namespaces?.has(namespace) === false,
    );
    this.#metrics.unwatchedIntegrations.set(unwatched.length);
    const namespaces = [...new Set(unwatched.map(({ namespace }) => namespace))].sort();
    const told = namespaces.join();
    if (told !== this.#told && unwatched.length > 0)
      this.#log.warn(
        { integrations: unwatched.length, namespaces },
        'integrations of namespaces that are not watched are served on, whatever becomes of their resources',
      );
    this.#told = told;
  }
}
