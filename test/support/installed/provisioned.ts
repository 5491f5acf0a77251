/** A release of the chart, to which users are provisioned while a test changes it. */
import { beforeAll, expect } from 'vitest';
import { endpointOfIntegration, INTEGRATION, useEmptyCluster } from './installation.ts';
import { useDatabase } from './postgres.ts';
import { Traffic, type TrafficReport } from './traffic.ts';

interface ProvisionedRelease {
  /** Resolves once requests have succeeded again, with what came of all until then. */
  flow(): Promise<TrafficReport>;
  /**
   * Ends the traffic, and expects every acknowledged write to be there, at the endpoint and with the
   * token of the beginning.
   */
  expectNothingLost(): Promise<void>;
}

export function useProvisionedRelease(install: () => Promise<void>): ProvisionedRelease {
  useEmptyCluster();
  useDatabase();
  let traffic: Traffic;
  let endpoint: string;
  beforeAll(async () => {
    await install();
    endpoint = await endpointOfIntegration();
    traffic = await Traffic.start(INTEGRATION);
  }, 600_000);
  return {
    flow: () => traffic.flow(),
    expectNothingLost: async () => {
      expect(await endpointOfIntegration()).toBe(endpoint);
      const { lost, acknowledged } = await traffic.verify();
      expect(lost).toEqual([]);
      expect(acknowledged).toBeGreaterThan(0);
    },
  };
}
