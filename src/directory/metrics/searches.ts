/** Metrics of reads that may be long. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { SEARCH_KINDS, type SearchCounts, type SearchesOfStore } from '../store/searches.ts';

/**
 * Registers the metrics, once for each registry. `searches` returns undefined before there are any.
 */
export function registerSearchMetrics(
  registry: Registry,
  searches: () => SearchesOfStore | undefined,
): void {
  const registers = [registry];
  new Gauge({
    name: 'scim_searches',
    help:
      'Reads that may be long, by their kind: search (one that may read every user or group of a ' +
      'tenant) or members (of a large group). They are running or waiting for their turn.',
    labelNames: ['kind', 'state'],
    registers,
    collect() {
      for (const kind of SEARCH_KINDS) {
        const { running, waiting } = searches()?.[kind] ?? { running: 0, waiting: 0 };
        this.set({ kind, state: 'running' }, running);
        this.set({ kind, state: 'waiting' }, waiting);
      }
    },
  });
  const counter = (name: string, help: string, count: 'refused' | 'ended') =>
    new Counter({
      name,
      help,
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset();
        for (const kind of SEARCH_KINDS) {
          const counts: SearchCounts | undefined = searches()?.[kind];
          this.inc({ kind }, counts?.[count] ?? 0);
        }
      },
    });
  counter(
    'scim_searches_refused_total',
    'Reads of this kind that were refused with 429, because too many of the integration were ' +
      'waiting or their turn did not come up in time.',
    'refused',
  );
  counter(
    'scim_searches_ended_total',
    'Reads of this kind that were ended with 503, because they took too long.',
    'ended',
  );
}
