import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Controller, type ControllerOptions, type Reconcile } from '../../src/kube/controller.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { keyText } from '../../src/kube/resource.ts';
import { captureLog } from '../support/captured-log.ts';

const A = { namespace: 'ns', name: 'a' };
const B = { namespace: 'ns', name: 'b' };

let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  vi.useRealTimers();
});

function start(reconcile: Reconcile, more: Partial<ControllerOptions> = {}) {
  const { log, lines } = captureLog();
  const registry = new Registry();
  const metrics = createKubeMetrics(registry);
  const controller = new Controller({ name: 'test', reconcile, log, metrics, ...more });
  running = controller.run(stop.signal);
  const metric = async (name: string, result?: string) => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.find(({ labels }) => !result || labels.result === result)?.value;
  };
  return { controller, lines, metric, registry };
}

/** Runs everything that is due. */
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('a controller', () => {
  it('reconciles enqueued keys, including cluster-scoped ones', async () => {
    const keys: object[] = [];
    const { controller, metric } = start(async (key) => {
      keys.push(key);
      return {};
    });
    controller.enqueue(A);
    controller.enqueue({ name: 'cluster-wide' });
    await settle();
    expect(keys).toEqual([A, { name: 'cluster-wide' }]);
    expect(await metric('controller_runtime_reconcile_total', 'success')).toBe(2);
  });

  it.each([
    ['a missing permission', new ApiError(403, 'no', { reason: 'Forbidden' })],
    ['an admission policy', new ApiError(422, 'no', { refusedBy: 'Policy x' })],
    ['an unresponsive webhook', new ApiError(500, 'no', { refusedBy: 'webhook x' })],
    ['an invalid object', new ApiError(422, 'no', { reason: 'Invalid' })],
  ])('retries at least every 30 s while it is refused because of %s', async (_, error) => {
    let count = 0;
    const { controller } = start(async () => {
      count += 1;
      throw error;
    });
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    const before = count;
    await vi.advanceTimersByTimeAsync(10 * 30_000);
    expect(count - before).toBeGreaterThanOrEqual(10);
  });

  it('exports its metrics from the start, so that its first failure is an increase', async () => {
    const { registry } = start(async () => ({}));
    const text = await registry.metrics();
    for (const result of ['success', 'error', 'requeue_after']) {
      const labels = `{controller="test",result="${result}"}`;
      expect(text).toContain(`controller_runtime_reconcile_total${labels} 0`);
    }
    for (const name of [
      'controller_runtime_reconcile_errors_total',
      'controller_runtime_reconcile_panics_total',
      'controller_runtime_active_workers',
    ]) {
      expect(text).toContain(`${name}{controller="test"} 0`);
    }
    for (const name of [
      'workqueue_depth',
      'workqueue_adds_total',
      'workqueue_retries_total',
      'workqueue_unfinished_work_seconds',
      'workqueue_longest_running_processor_seconds',
    ]) {
      expect(text).toContain(`${name}{name="test",controller="test"} 0`);
    }
  });

  it('counts the activity of its queue like client-go', async () => {
    let fail = true;
    const { controller, registry } = start(async () => {
      if (fail) throw new Error('the API is unreachable');
      return {};
    });
    controller.enqueue(A);
    await settle();
    fail = false;
    await vi.advanceTimersByTimeAsync(1_000);
    const text = await registry.metrics();
    const labels = '{name="test",controller="test"}';
    expect(text).toContain(`workqueue_adds_total${labels} 2`);
    expect(text).toContain(`workqueue_retries_total${labels} 1`);
    expect(text).toContain(`workqueue_queue_duration_seconds_count${labels} 2`);
    expect(text).toContain(`workqueue_work_duration_seconds_count${labels} 2`);
    expect(text).toContain('controller_runtime_reconcile_time_seconds_count{controller="test"} 2');
  });

  it('never reconciles a key twice at once, and reconciles it again if it changed meanwhile', async () => {
    const finish: (() => void)[] = [];
    const { controller } = start(() => new Promise((done) => finish.push(() => done({}))));
    controller.enqueue(A);
    await settle();
    controller.enqueue(A);
    controller.enqueue(B);
    await settle();
    expect(finish).toHaveLength(2);
    finish[0]?.();
    await settle();
    expect(finish).toHaveLength(3);
    for (const each of finish) each();
  });

  it('reconciles as many keys at once as it is allowed to', async () => {
    const finish: (() => void)[] = [];
    const reconcile: Reconcile = () => new Promise((done) => finish.push(() => done({})));
    const { controller, metric } = start(reconcile, { concurrency: 2 });
    for (const name of ['a', 'b', 'c']) controller.enqueue({ name });
    await settle();
    expect(finish).toHaveLength(2);
    expect(await metric('controller_runtime_active_workers')).toBe(2);
    expect(await metric('controller_runtime_max_concurrent_reconciles')).toBe(2);
    expect(await metric('workqueue_depth')).toBe(1);
    finish[0]?.();
    await settle();
    expect(finish).toHaveLength(3);
    for (const each of finish) each();
  });

  it('reconciles again after the time that the result requests, or earlier after a change', async () => {
    let runs = 0;
    const { controller, metric } = start(async () => {
      runs += 1;
      return { requeueAfterMs: 30_000 };
    });
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toBe(2);
    controller.enqueue(A);
    await settle();
    expect(runs).toBe(3);
    expect(await metric('controller_runtime_reconcile_total', 'requeue_after')).toBe(3);
  });

  it('retries after growing delays, which a success resets', async () => {
    let fail = true;
    let runs = 0;
    const { controller, lines, metric } = start(async () => {
      runs += 1;
      if (fail) throw new Error('the API is unreachable');
      return {};
    });
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(60_000);
    const during = runs;
    expect(during).toBeGreaterThanOrEqual(6);
    expect(during).toBeLessThanOrEqual(8);
    expect(lines[0]).toMatchObject({ level: 'warn', object: 'ns/a', controller: 'test' });
    expect(lines[0]?.err).toMatchObject({ message: 'the API is unreachable' });
    expect(await metric('controller_runtime_reconcile_errors_total')).toBe(during);
    fail = false;
    await vi.advanceTimersByTimeAsync(300_000);
    expect(runs).toBe(during + 1);
    fail = true;
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toBe(during + 3);
  });

  it('waits up to a minute while the API server is unreachable, and longer otherwise', async () => {
    const away = new ApiError(0, 'ECONNREFUSED');
    const waits: number[] = [];
    let error: Error = away;
    let last = Date.now();
    const { controller } = start(async () => {
      waits.push(Date.now() - last);
      last = Date.now();
      throw error;
    });
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(Math.max(...waits)).toBeGreaterThan(45_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    error = new Error('a defect');
    await vi.advanceTimersByTimeAsync(900_000);
    expect(Math.max(...waits)).toBeGreaterThan(200_000);
  });

  it.each([
    ['as long as Retry-After requests', 20, 20],
    ['no longer than a minute, whatever Retry-After requests', 86_400, 60],
  ])('waits %s', async (_, retryAfter, seconds) => {
    let runs = 0;
    const { controller } = start(async () => {
      runs += 1;
      throw new ApiError(429, 'too many requests', { retryAfterMs: retryAfter * 1000 });
    });
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toBe(2);
  });

  it('can retry immediately what failed, and nothing else', async () => {
    const keys: string[] = [];
    const { controller } = start(async ({ name }) => {
      keys.push(name);
      if (name === 'a' && keys.length < 3) throw new Error('the API is unreachable');
      return { requeueAfterMs: 3_600_000 };
    });
    controller.enqueue(A);
    controller.enqueue(B);
    await settle();
    controller.retryFailed();
    await settle();
    controller.retryFailed();
    await settle();
    expect(keys).toEqual(['a', 'b', 'a']);
  });

  it('survives a reconcile that throws synchronously or throws something other than an error', async () => {
    const seen: string[] = [];
    const { controller, metric } = start((key) => {
      seen.push(keyText(key));
      if (key.name === 'a') throw 'a string';
      throw new TypeError('before any promise');
    });
    controller.enqueue(A);
    controller.enqueue(B);
    await settle();
    expect(seen).toEqual(['ns/a', 'ns/b']);
    expect(await metric('controller_runtime_reconcile_panics_total')).toBe(1);
    expect(await metric('controller_runtime_reconcile_total', 'error')).toBe(2);
    expect(await metric('controller_runtime_active_workers')).toBe(0);
  });

  it('reconciles the other objects while one always fails', async () => {
    const done: string[] = [];
    const { controller } = start(async ({ name }) => {
      if (name === 'bad') throw new Error('always');
      done.push(name);
      return {};
    });
    controller.enqueue({ name: 'bad' });
    for (let index = 0; index < 100; index++) controller.enqueue({ name: `good-${index}` });
    await settle();
    expect(done).toHaveLength(100);
  });

  it('finishes running reconciles when it stops, and starts no more', async () => {
    const begun: string[] = [];
    let finish: () => void = () => undefined;
    const reconcile: Reconcile = ({ name }) => {
      begun.push(name);
      return new Promise((done) => {
        finish = () => done({});
      });
    };
    const { controller } = start(reconcile, { concurrency: 1 });
    controller.enqueue(A);
    controller.enqueue(B);
    await settle();
    let stopped = false;
    void running.then(() => {
      stopped = true;
    });
    stop.abort();
    await settle();
    expect(stopped).toBe(false);
    finish();
    await settle();
    expect(stopped).toBe(true);
    expect(begun).toEqual(['a']);
  });

  it('is stuck when a reconcile hangs', async () => {
    let finish: () => void = () => undefined;
    const { controller } = start(
      () =>
        new Promise((done) => {
          finish = () => done({});
        }),
    );
    expect(controller.stuck()).toBeUndefined();
    controller.enqueue(A);
    await vi.advanceTimersByTimeAsync(149_000);
    expect(controller.stuck()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(controller.stuck()).toContain('a reconcile of test');
    finish();
  });
});
