/** /readyz and /livez of a process whose operator lacks a permission. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Planes, run } from '../../src/commands/run.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import {
  CLUSTER_RULES,
  namespacedManifests,
  WATCHED_NAMESPACE_RULES,
} from '../../src/operator/rbac.ts';
import { type CapturedLog, captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace } from '../support/kube/cluster.ts';
import { installedFixture, type OperatorFixture } from '../support/operator/fixture.ts';

let fixture: OperatorFixture;
let namespace: string;
beforeAll(async () => {
  namespace = await createNamespace(adminClient(), 'readyz');
  const rules = WATCHED_NAMESPACE_RULES.filter(({ resources }) => !resources.includes('roles'));
  fixture = await installedFixture((name) =>
    namespacedManifests(name, name, [namespace], { rules, clusterRules: CLUSTER_RULES }),
  );
});
afterAll(() => fixture.close());

async function whileRunning(
  planes: Planes,
  check: (url: string, lines: CapturedLog['lines']) => Promise<void>,
): Promise<void> {
  const { log, lines } = captureLog();
  const folder = await mkdtemp(join(tmpdir(), 'scim-operator-readyz-'));
  const args = {
    'public-url': 'https://scim.example.com',
    'database-url': `file:${join(folder, 'directory.db')}`,
    host: '127.0.0.1',
    port: '0',
    'ops-port': '0',
    'leader-election': 'false',
    kubeconfig: fixture.kubeconfig,
    'watch-namespaces': namespace,
  };
  const flags = Object.entries(args).map(([flag, value]) => `--${flag}=${value}`);
  const invocation = readInvocation(flags, {});
  if (invocation.kind !== 'command') throw new Error('not a command');
  const stop = new AbortController();
  const running = run(planes, invocation.config, log, stop.signal);
  try {
    const line = await eventually(() => {
      const found = lines.find(({ msg }) => msg === 'serving metrics and probes');
      if (found === undefined) throw new Error('the port is not open yet');
      return found;
    });
    await check(`http://127.0.0.1:${line.port}/readyz`, lines);
  } finally {
    stop.abort();
    await running;
    await rm(folder, { recursive: true });
  }
}

describe('/livez', () => {
  it.each([
    ['forward', 300_000],
    ['back', -300_000],
  ])('still succeeds when the wall clock is set %s by five minutes', async (_, ms) => {
    await whileRunning({ server: true, operator: true }, async (url, lines) => {
      const live = () => fetch(url.replace('/readyz', '/livez'));
      // Every other watch has started by then.
      await eventually(() =>
        expect(lines).toContainEqual(expect.objectContaining({ resource: 'roles', namespace })),
      );
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
      try {
        const answer = await live();
        expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
      } finally {
        vi.useRealTimers();
      }
    });
  });
});

describe('/readyz', () => {
  it('names the refused watch if the process is only an operator', async () => {
    await whileRunning({ server: false, operator: true }, async (url) => {
      await eventually(async () => {
        const answer = await fetch(url);
        expect(answer.status).toBe(503);
        expect(await answer.text()).toMatch(
          new RegExp(`^roles in namespace ${namespace} cannot be watched`),
        );
      });
    });
  });

  it('depends only on the directory if the process serves SCIM', async () => {
    await whileRunning({ server: true, operator: true }, async (url, lines) => {
      await eventually(() =>
        expect(lines).toContainEqual(expect.objectContaining({ resource: 'roles', namespace })),
      );
      expect((await fetch(url)).status).toBe(200);
    });
  });
});
