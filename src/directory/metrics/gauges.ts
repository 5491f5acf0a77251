/** Gauges of what the directory contains, read from it when they are scraped. */
import { Gauge, type Registry } from 'prom-client';
import type { Census, CountedIntegration, CountedToken } from '../store/census.ts';
import type { Store } from '../store/store.ts';
import type { CensusCache } from './census-cache.ts';
import { ReadGauge, type Series } from './read-gauge.ts';
import { registerSearchMetrics } from './searches.ts';
import { withinDeadline } from './within-deadline.ts';

/**
 * Registers the metrics, once for each registry. `store` returns undefined until the directory is
 * open.
 */
export function registerDirectoryMetrics(
  registry: Registry,
  census: CensusCache,
  store: () => Store | undefined,
): void {
  const registers = [registry];
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: (census: Census) => Iterable<Series<L>>,
  ) =>
    new ReadGauge({
      name,
      help,
      labelNames,
      registers,
      read: async () => {
        const known = await census.read();
        return known ? read(known) : [];
      },
    });
  const answers = withinDeadline(async () => {
    await store()?.ping();
    return store() !== undefined;
  });
  new Gauge({
    name: 'scim_directory_up',
    help: 'Whether the database of the directory responds (1) or not (0).',
    registers,
    async collect() {
      this.set((await answers()) ? 1 : 0);
    },
  });
  registerSearchMetrics(registry, () => store()?.searches);
  gauge('scim_directory_users', 'Number of users in the tenant.', ['tenant'], (known) =>
    each(totalsOf(known), ({ tenant, users }) => [[{ tenant }, users]]),
  );
  gauge('scim_directory_groups', 'Number of groups in the tenant.', ['tenant'], (known) =>
    each(totalsOf(known), ({ tenant, groups }) => [[{ tenant }, groups]]),
  );
  // Not `namespace` and `name`, because Prometheus sets labels of those names for the scraped
  // target.
  gauge(
    'scim_integration_info',
    'Always 1; maps the id in the label integration to its ScimIntegration.',
    ['tenant', 'integration', 'integration_namespace', 'integration_name'],
    ({ integrations }) =>
      each(integrations, (one) => [
        [
          {
            ...integrationLabels(one),
            integration_namespace: one.namespace,
            integration_name: one.name,
          },
          1,
        ],
      ]),
  );
  gauge(
    'scim_integration_enabled',
    'Whether requests of the integration are served (1), or refused because it is disabled or ' +
      'not allowed in its tenant (0).',
    ['tenant', 'integration'],
    ({ integrations }) =>
      each(integrations, (one) => [[integrationLabels(one), one.enabled && one.allowed ? 1 : 0]]),
  );
  gauge(
    'scim_last_request_timestamp_seconds',
    'When the integration last sent a request while it was enabled. No series if it never has.',
    ['tenant', 'integration'],
    ({ integrations }) =>
      each(integrations, (one) => seriesAt(integrationLabels(one), one.lastRequestAt)),
  );
  const tokenLabels = ['tenant', 'integration', 'key_id'] as const;
  gauge(
    'scim_token_issued_timestamp_seconds',
    'When the token was issued.',
    tokenLabels,
    ({ tokens }) => each(tokens, (one) => seriesAt(labelsOfToken(one), one.issuedAt)),
  );
  gauge(
    'scim_token_expires_timestamp_seconds',
    'When the token expires. No series if no expiry is set.',
    tokenLabels,
    ({ tokens }) => each(tokens, (one) => seriesAt(labelsOfToken(one), one.expiresAt)),
  );
  gauge(
    'scim_token_last_used_timestamp_seconds',
    'When a request last used the token, to within some seconds. No series if none has.',
    tokenLabels,
    ({ tokens }) => each(tokens, (one) => seriesAt(labelsOfToken(one), one.lastUsedAt)),
  );
}

function* each<T, L extends string>(
  items: readonly T[],
  seriesOf: (item: T) => readonly Series<L>[],
): Generator<Series<L>> {
  for (const item of items) yield* seriesOf(item);
}

/** An empty tenant counts while it has an integration. */
function totalsOf({ tenants, integrations }: Census) {
  const totals = new Map(
    integrations.map(({ tenant }) => [tenant, { tenant, users: 0, groups: 0 }]),
  );
  for (const one of tenants) {
    if (one.users > 0 || one.groups > 0) totals.set(one.tenant, one);
  }
  return [...totals.values()];
}

const integrationLabels = ({ tenant, id }: CountedIntegration) => ({ tenant, integration: id });

const labelsOfToken = ({ tenant, integrationId, keyId }: CountedToken) => ({
  tenant,
  integration: integrationId,
  key_id: keyId,
});

function seriesAt<L extends string>(
  labels: Readonly<Record<L, string>>,
  milliseconds: number | undefined,
): readonly Series<L>[] {
  return milliseconds === undefined ? [] : [[labels, milliseconds / 1000]];
}
