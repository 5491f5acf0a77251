/** The port for metrics and probes. */
import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type Check, createOpsApp } from '../../src/http/ops.ts';
import { createLogger } from '../../src/logger.ts';

const well: Check = () => undefined;

function app(checks: { live?: Check; ready?: Check } = {}, registry = new Registry()) {
  return createOpsApp({
    registry,
    live: well,
    ready: well,
    log: createLogger('silent'),
    ...checks,
  });
}

describe('the ops port', () => {
  it('returns 200 while all is well', async () => {
    expect((await app().request('/livez')).status).toBe(200);
    expect((await app().request('/readyz')).status).toBe(200);
  });

  it.each([
    ['/livez', { live: () => 'the queue is stuck' }, 'the queue is stuck'],
    [
      '/readyz',
      { ready: async () => 'the directory is unreachable' },
      'the directory is unreachable',
    ],
  ])('says why %s fails', async (path, checks, reason) => {
    const response = await app(checks).request(path);
    expect(response.status).toBe(503);
    expect(await response.text()).toBe(`${reason}\n`);
  });

  it('reveals nothing of a check that throws', async () => {
    const ready = () => Promise.reject(new Error('secret'));
    const response = await app({ ready }).request('/readyz');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  it('serves the metrics of the registry', async () => {
    const registry = new Registry();
    new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc();
    const response = await app({}, registry).request('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('things_total 1');
  });

  it('serves nothing else', async () => {
    expect((await app().request('/Users')).status).toBe(404);
  });
});
