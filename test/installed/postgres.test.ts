/** The chart with PostgreSQL and two replicas, in real pods. */
import { describe, expect, it } from 'vitest';
import {
  deletePods,
  helm,
  INTEGRATION,
  keptObjects,
  restartNode,
  rollBack,
  uninstall,
} from '../support/installed/installation.ts';
import { ON_POSTGRES } from '../support/installed/postgres.ts';
import { useProvisionedRelease } from '../support/installed/provisioned.ts';

const release = useProvisionedRelease(() => helm('v4', 'install', ON_POSTGRES));

/** The failures of requests that were sent since the traffic began. */
const failures = async () => (await release.flow()).failures;

describe('with PostgreSQL and two replicas, no request fails', () => {
  it('while each pod is deleted', { timeout: 300_000 }, async () => {
    await deletePods();
    await expect(failures()).resolves.toEqual([]);
  });

  it('while the release is upgraded and rolled back', { timeout: 400_000 }, async () => {
    await helm('v4', 'upgrade', { ...ON_POSTGRES, logLevel: 'warn' });
    await expect(failures()).resolves.toEqual([]);
    await rollBack('v4');
    await expect(failures()).resolves.toEqual([]);
  });

  it('while the components of the node restart', { timeout: 400_000 }, async () => {
    await restartNode();
    await expect(failures()).resolves.toEqual([]);
  });

  it('and no acknowledged write is lost', { timeout: 120_000 }, async () => {
    await release.expectNothingLost();
  });
});

describe('uninstalling', () => {
  it('keeps the CRDs and integrations, and installing again continues', {
    timeout: 400_000,
  }, async () => {
    await uninstall('v4');
    await expect(keptObjects()).resolves.toMatchObject({ crds: 3, integration: INTEGRATION });
    await helm('v4', 'install', ON_POSTGRES);
    await release.expectNothingLost();
  });
});
