/** A gauge that writes the series of thousands of integrations in pieces. */
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ReadGauge, type Series } from '../../../src/directory/metrics/read-gauge.ts';
import { createOpsApp } from '../../../src/http/ops.ts';
import { createLogger } from '../../../src/logger.ts';

const well = () => undefined;

function serving(read: () => Promise<Iterable<Series<'one' | 'other'>>>) {
  const registry = new Registry();
  const help = 'Things of a name.';
  new ReadGauge({
    name: 'things',
    help,
    labelNames: ['one', 'other'],
    registers: [registry],
    read,
  });
  const log = createLogger('silent');
  return { registry, app: createOpsApp({ registry, live: well, ready: well, log }) };
}

describe('a gauge that is read on a scrape', () => {
  it.each([0, 1, 499, 500, 501, 1_999])(
    'is served in the same text format as any other, with %i series',
    async (count) => {
      const { registry, app } = serving(async () =>
        Array.from({ length: count }, (_, n) => [{ one: `a"\\\n${n}`, other: 'ü' }, n / 8]),
      );
      const response = await app.request('/metrics');
      expect((await response.text()).trimEnd()).toBe((await registry.metrics()).trimEnd());
    },
  );

  it('makes its text as fast as the client takes it', async () => {
    let made = 0;
    const { app } = serving(async () =>
      (function* () {
        for (; made < 100_000; made++) yield [{ one: 'a', other: 'b' }, made];
      })(),
    );
    const response = await app.request('/metrics');
    await response.body?.getReader().read();
    expect(made).toBeLessThan(10_000);
  });

  it('fails the scrape if it cannot be read', async () => {
    const { app } = serving(() => Promise.reject(new Error('no')));
    expect((await app.request('/metrics')).status).toBe(500);
  });
});
