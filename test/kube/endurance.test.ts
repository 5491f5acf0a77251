/** After many events, a process needs as much memory and as many connections as before. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { Client } from '../../src/kube/client.ts';
import { Connection } from '../../src/kube/connection.ts';
import { Controller } from '../../src/kube/controller.ts';
import { Manager } from '../../src/kube/manager.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { CONFIG_MAPS, keyOf } from '../../src/kube/resource.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { RestlessApi } from '../support/kube/restless-api.ts';

const WARM = 20_000;
const EVENTS = 100_000;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** The memory in use after a garbage collection, in megabytes. */
function megabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}
const sockets = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

it('100,000 events over breaking watches increase neither memory nor connections', async () => {
  const api = new RestlessApi();
  const client = new Client(new Connection(await api.start()));
  const { log } = captureLog();
  const metrics = createKubeMetrics(new Registry());
  // With short watches, one that has fallen silent soon ends.
  const options = { client, resource: CONFIG_MAPS, log, metrics, watchSeconds: 1, watchdogMs: 500 };
  const reflector = new Reflector(options);
  const reconciled = new Set<string>();
  const controller = new Controller({
    name: 'endurance',
    log,
    metrics,
    reconcile: async ({ name }) => {
      reconciled.add(name);
      return { requeueAfterMs: 60_000 };
    },
  });
  reflector.store.onChange(({ object }) => controller.enqueue(keyOf(object)));
  const manager = new Manager([reflector]);
  const stop = new AbortController();
  const settled = (events: number) => {
    api.limit = events;
    return eventually(
      () => {
        expect(api.events).toBe(events);
        const known = reflector.store
          .list()
          .map(({ metadata }) => `${metadata.name}=${metadata.resourceVersion}`);
        expect(known.sort()).toEqual(api.objects);
      },
      { deadlineMs: 150_000, everyMs: 200 },
    );
  };

  manager.start();
  const controlling = manager.control([controller], stop.signal);
  await settled(WARM);
  const before = { megabytes: megabytes(), sockets: sockets() };
  await settled(WARM + EVENTS);
  expect(megabytes() - before.megabytes).toBeLessThan(5);
  expect(sockets() - before.sockets).toBeLessThanOrEqual(2);
  expect(reconciled.size).toBe(500);

  stop.abort();
  await Promise.all([controlling, manager.stop()]);
  await api.stop();
}, 400_000);
