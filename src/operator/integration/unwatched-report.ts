/**
 * Integrations outside the watched namespaces. They are served unchanged, and nothing that happens
 * to their resources changes or ends them.
 */
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import type { Logger } from '../../logger.ts';
import type { OperatorMetrics } from '../metrics.ts';

/** Reports them in a metric, and in the log when their namespaces change. */
export class UnwatchedReport {
  readonly #namespaces: ReadonlySet<string> | undefined;
  readonly #metrics: Pick<OperatorMetrics, 'unwatchedIntegrations'>;
  readonly #log: Logger;
  #told = '';

  /** Without `namespaces`, all namespaces are watched. */
  constructor(
    namespaces: readonly string[] | undefined,
    metrics: Pick<OperatorMetrics, 'unwatchedIntegrations'>,
    log: Logger,
  ) {
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
        'integrations of namespaces that are not watched are still served, whatever happens to ' +
          'their resources',
      );
    this.#told = told;
  }
}
