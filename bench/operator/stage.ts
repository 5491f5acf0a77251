/**
 * Sets up a control plane, many integrations, and the operator with exactly its shipped
 * permissions.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../../hack/control-plane/start.ts';
import { BuiltOperator } from '../../hack/operator/built.ts';
import { applyCrds, installOperator, NAME } from '../../hack/operator/install.ts';
import type { Closing } from '../../hack/trial.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { type KubeObject, NAMESPACES, type ObjectKey } from '../../src/kube/resource.ts';
import { CallLog } from './call-log.ts';
import { MANAGER } from './load.ts';
import { Observer } from './observer.ts';
import type { BenchOptions } from './options.ts';

const CREATING_AT_ONCE = 40;

export interface Stage {
  readonly client: Client;
  readonly controlPlane: ControlPlane;
  readonly calls: CallLog;
  readonly observer: Observer;
  readonly operator: BuiltOperator;
  readonly keys: readonly ObjectKey[];
}

/** Sets up everything, but doesn't start the operator. */
export async function setStage(
  options: BenchOptions,
  log: (line: string) => void,
  closing: Closing,
): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-bench-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const { flags, log: calls } = CallLog.prepare(folder, `system:serviceaccount:${NAME}:${NAME}`);
  const controlPlane = await startControlPlane({
    controllerManager: true,
    prepare: applyCrds,
    log,
    apiServerFlags: flags,
  });
  closing.push(() => controlPlane.stop());
  const { kubeconfig } = controlPlane;
  const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
  const cluster = { client, kubeconfig, description: '', stop: async () => undefined };
  const files = {
    kubeconfig: await installOperator(cluster, folder),
    databaseUrl: `file:${join(folder, 'directory.db')}`,
    log: join(folder, 'operator.log'),
  };
  const keys = await createIntegrations(client, options);
  log(`created ${keys.length} integrations in ${options.namespaces} namespaces`);
  const observer = new Observer(client);
  await observer.start();
  closing.push(() => observer.stop());
  const operator = await BuiltOperator.prepare(files);
  closing.push(() => operator.stop());
  return { client, controlPlane, calls, observer, operator, keys };
}

async function createIntegrations(
  client: Client,
  { integrations, namespaces }: BenchOptions,
): Promise<readonly ObjectKey[]> {
  const names = Array.from({ length: namespaces }, (_, index) => `tenant-${index}`);
  await allOf(names, (name) => client.create(NAMESPACES, { metadata: { name } }, MANAGER));
  const keys = Array.from({ length: integrations }, (_, index) => ({
    namespace: names[index % namespaces] ?? '',
    name: `idp-${index}`,
  }));
  await allOf(keys, (metadata) =>
    client.create<KubeObject>(SCIM_INTEGRATIONS, { metadata }, MANAGER),
  );
  return keys;
}

async function allOf<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: CREATING_AT_ONCE }, worker));
}
