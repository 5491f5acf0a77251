/** Opens the cluster of the demo. */

import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import type { Source } from '../control-plane/binaries.ts';
import { startControlPlane } from '../control-plane/start.ts';
import { ControlPlaneUnavailableError } from '../control-plane/versions.ts';
import { applyCrds, NAME } from '../operator/install.ts';
import { type DemoCluster, openCurrentCluster } from './current-cluster.ts';
import type { ControlPlaneChoice } from './environment.ts';
import { openKindCluster } from './kind-cluster.ts';

export interface ClusterChoice {
  /** Use the cluster of the kubeconfig. */
  readonly current: boolean;
  readonly controlPlane: ControlPlaneChoice;
  /** Where the kubeconfig of a kind cluster is written. */
  readonly folder: string;
}

type Open = () => Promise<DemoCluster>;

/**
 * Opens the current cluster if it was chosen, otherwise the first of these that is available:
 * 1. a control plane with cached or official programs
 * 2. a kind cluster
 * 3. a control plane built with Go
 * 4. the cluster that KUBECONFIG names
 */
export async function openCluster(
  { current, controlPlane, folder }: ClusterChoice,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoCluster> {
  if (current) return openCurrentCluster(NAME);
  const own = (source: Source) => () => openOwnCluster(source, log, signal);
  const ways: Readonly<Record<Exclude<ControlPlaneChoice, 'auto'>, Open>> = {
    download: own('download'),
    kind: () => openKindCluster(NAME, folder, log, signal),
    build: own('build'),
  };
  if (controlPlane !== 'auto') return ways[controlPlane]();
  for (const way of [ways.download, ways.kind]) {
    try {
      return await way();
    } catch (error) {
      if (!isUnavailable(error, signal)) throw error;
      log(error.reason);
    }
  }
  try {
    return await ways.build();
  } catch (error) {
    if (!isUnavailable(error, signal) || !process.env.KUBECONFIG) throw error;
    log(`${error.message}; using the cluster that KUBECONFIG names`);
    return openCurrentCluster(NAME);
  }
}

function isUnavailable(error: unknown, signal: AbortSignal): error is ControlPlaneUnavailableError {
  return error instanceof ControlPlaneUnavailableError && !signal.aborted;
}

async function openOwnCluster(
  source: Source,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoCluster> {
  const { kubeconfig, stop } = await startControlPlane({
    controllerManager: true,
    log,
    signal,
    sources: [source],
    prepare: applyCrds,
  });
  const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
  return { client, kubeconfig, description: 'a control plane of its own', stop };
}
