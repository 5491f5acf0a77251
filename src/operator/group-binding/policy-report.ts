/**
 * Reports whether the admission policy of ScimGroupBindings is in force: in a metric, and in the
 * log when this changes.
 */
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../../logger.ts';
import type { PolicyVerdict } from './admission-policy.ts';

type PolicyMetric = ReturnType<typeof createPolicyMetric>;

/**
 * Registers the metric, once per registry. It has no series if groups are not followed, or if
 * another process follows them.
 */
export function createPolicyMetric(registry: Registry) {
  return new Gauge({
    name: 'scim_operator_admission_policy',
    help:
      'Always 1; state says whether the admission policy of ScimGroupBindings is enforced, ' +
      'missing, or unknown because the operator may not read it.',
    labelNames: ['state'],
    registers: [registry],
  });
}

export class PolicyReport {
  readonly #metric: PolicyMetric;
  readonly #log: Logger;
  #told = '';

  constructor(metric: PolicyMetric, log: Logger) {
    this.#metric = metric;
    this.#log = log;
  }

  /** Returns whether the verdict has changed. */
  tell({ state, message }: PolicyVerdict): boolean {
    this.#metric.reset();
    this.#metric.set({ state }, 1);
    const told = `${state} ${message}`;
    if (told === this.#told) return false;
    this.#told = told;
    if (state === 'enforced')
      this.#log.info('authors of ScimGroupBindings must hold the verb bind');
    else
      this.#log.warn(
        { reason: message },
        'authors of ScimGroupBindings may be able to grant too much',
      );
    return true;
  }

  /** Called when this process no longer leads. */
  readonly end = (): void => {
    this.#metric.reset();
    this.#told = '';
  };
}
