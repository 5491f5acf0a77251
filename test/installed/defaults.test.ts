/** The chart with its defaults, one replica and SQLite on a volume, in a real pod. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  deletePods,
  helm,
  INTEGRATION,
  keptObjects,
  pageOf,
  restartNode,
  rollBack,
  scale,
  uninstall,
} from '../support/installed/installation.ts';
import { backUp, copy, restore } from '../support/installed/own-pod.ts';
import { ON_POSTGRES } from '../support/installed/postgres.ts';
import { useProvisionedRelease } from '../support/installed/provisioned.ts';

const release = useProvisionedRelease(() => helm('v3', 'install', {}));

describe('with the defaults, the console', () => {
  it('has a page for signing in', async () => {
    expect(await pageOf('/console')).toContain('Kubernetes token');
  });
});

describe('with the defaults, requests continue', () => {
  it('after the pod is deleted', { timeout: 300_000 }, async () => {
    await deletePods();
    await release.flow();
  });

  it('after helm 4 upgrades a release of helm 3 and rolls back', { timeout: 400_000 }, async () => {
    await helm('v4', 'upgrade', { logLevel: 'warn' });
    await release.flow();
    await rollBack('v4');
    await release.flow();
  });

  it('after the components of the node restart', { timeout: 400_000 }, async () => {
    await restartNode();
    await release.flow();
  });

  it('and no acknowledged write is lost', { timeout: 120_000 }, async () => {
    await release.expectNothingLost();
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
    await release.expectNothingLost();
  });
});

describe('the directory of a pod', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-e2e-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is backed up, and restored by a pod of one's own", { timeout: 300_000 }, async () => {
    await backUp(folder);
    await scale(0);
    await restore(folder);
    await scale(1);
    await release.expectNothingLost();
  });

  it('moves to PostgreSQL without a loss', { timeout: 300_000 }, async () => {
    await scale(0);
    await copy();
    await helm('v4', 'upgrade', { ...ON_POSTGRES, persistence: { enabled: false } });
    await release.expectNothingLost();
  });
});
