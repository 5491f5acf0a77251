/** The metrics that every process has, whichever command it runs. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import { CensusCache } from '../directory/metrics/census-cache.ts';
import { registerDirectoryMetrics } from '../directory/metrics/gauges.ts';
import type { Store } from '../directory/store/store.ts';

export interface ProcessMetrics {
  readonly registry: Registry;
  readonly census: CensusCache;
}

/** `store` returns undefined until the directory is open. */
export function createProcessMetrics(store: () => Store | undefined): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'scim_operator_build_info',
    help: 'Always 1; version is the version that is running.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: packageJson.version }, 1);
  const census = new CensusCache(store, () => performance.now());
  registerDirectoryMetrics(registry, census, store);
  return { registry, census };
}
