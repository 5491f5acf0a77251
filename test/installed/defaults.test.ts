/** The chart with its defaults, one replica and SQLite on a volume, in a real pod. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deletePods,
  endpointOfIntegration,
  helm,
  INTEGRATION,
  keptObjects,
  restartNode,
  rollBack,
  scale,
  uninstall,
  useEmptyCluster,
} from '../support/installed/installation.ts';
import { backUpTo, runInOwnPod } from '../support/installed/own-pod.ts';
import { ON_POSTGRES, useDatabase } from '../support/installed/postgres.ts';
import { Traffic } from '../support/installed/traffic.ts';

useEmptyCluster();
useDatabase();
let traffic: Traffic;
let endpoint: string;
beforeAll(async () => {
  await helm('v3', 'install', {});
  endpoint = await endpointOfIntegration();
  traffic = await Traffic.start(INTEGRATION);
}, 600_000);

describe('with the defaults, requests continue', () => {
  it('after the pod is deleted', { timeout: 300_000 }, async () => {
    await deletePods();
    await traffic.flow();
  });

  it('after helm 4 upgrades a release of helm 3 and rolls back', { timeout: 400_000 }, async () => {
    await helm('v4', 'upgrade', { logLevel: 'warn' });
    await traffic.flow();
    await rollBack('v4');
    await traffic.flow();
  });

  it('after the components of the node restart', { timeout: 400_000 }, async () => {
    await restartNode();
    await traffic.flow();
  });

  it('and no acknowledged write is lost', { timeout: 120_000 }, async () => {
    const report = await traffic.verify();
    expect(report.lost).toEqual([]);
    expect(report.acknowledged).toBeGreaterThan(0);
  });
});

describe('uninstalling', () => {
  it('keeps the CRDs, integrations and the volume, and installing again continues', {
    timeout: 400_000,
  }, async () => {
    await uninstall('v4');
    const kept = { crds: 3, integration: INTEGRATION, claim: 'Bound' };
    await expect(keptObjects()).resolves.toEqual(kept);
    await helm('v4', 'install', {});
    await expect(endpointOfIntegration()).resolves.toBe(endpoint);
    expect((await traffic.verify()).lost).toEqual([]);
  });
});

describe('the directory of a pod', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-e2e-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const database = 'file:/var/lib/scim-operator/directory.db';

  it("is backed up, and restored by a pod of one's own", { timeout: 300_000 }, async () => {
    const file = join(folder, 'directory.db');
    await backUpTo(file);
    await scale(0);
    const restore = ['restore', '--replace', '--without-tokens', '--from', '-'];
    await runInOwnPod([...restore, '--database-url', database], file);
    await scale(1);
    await expect(endpointOfIntegration()).resolves.toBe(endpoint);
    expect((await traffic.verify()).lost).toEqual([]);
  });

  it('moves to PostgreSQL without a loss', { timeout: 300_000 }, async () => {
    await scale(0);
    await runInOwnPod(['copy', '--from', database]);
    await helm('v4', 'upgrade', { ...ON_POSTGRES, persistence: { enabled: false } });
    await expect(endpointOfIntegration()).resolves.toBe(endpoint);
    expect((await traffic.verify()).lost).toEqual([]);
  });
});
