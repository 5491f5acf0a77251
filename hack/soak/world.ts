/** The system under stress: a control plane, and the operator behind a proxy that causes faults. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../src/directory/store/store.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { type KubeObject, NAMESPACES } from '../../src/kube/resource.ts';
import { type FaultProxy, startFaultProxy } from '../control-plane/fault-proxy.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/start.ts';
import { BuiltOperator } from '../operator/built.ts';
import { applyCrds, installOperator, NAME, serviceAccountKubeconfig } from '../operator/install.ts';
import { type PostgresServer, startPostgres } from '../postgres/start.ts';
import type { Closing } from '../trial.ts';
import { type ReadDirectory, readingCopies, readingPostgres } from './directory.ts';
import { Downtime } from './downtime.ts';
import type { Random } from './random.ts';
import { SeenTokens } from './seen-tokens.ts';

export const MANAGER = 'soak';
/** The administrator's calls bypass the proxy, but the API server itself is sometimes restarted. */
const CALL_DEADLINE_MS = 5_000;
/** Short, so that an outage of a few seconds makes the operator lose the lead. */
const OPERATOR_OPTIONS = [
  '--leader-election-lease-duration=6s',
  '--leader-election-renew-deadline=4s',
  '--leader-election-retry-period=1s',
  '--deprovision-delay=1s',
  '--group-bindings',
];

/** World with what the operator's directory contained at one moment. */
export interface ObservedWorld extends World {
  readonly store: Store;
}

export interface World {
  readonly admin: Client;
  readonly clusterUid: string;
  readonly controlPlane: ControlPlane;
  /** Between the operator and the API server. */
  readonly proxy: FaultProxy;
  readonly operator: BuiltOperator;
  readonly downtime: Downtime;
  /** Undefined if the directory is in a SQLite file. */
  readonly postgres: PostgresServer | undefined;
  readonly readDirectory: ReadDirectory;
  readonly tokens: SeenTokens;
  readonly namespaces: readonly string[];
  readonly random: Random;
}

/** Starts everything and waits until the operator leads. `folder` contains its log. */
export async function createWorld(
  random: Random,
  folder: string,
  { namespaceCount, onPostgres }: { namespaceCount: number; onPostgres: boolean },
  closing: Closing,
): Promise<World> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const controlPlane = await startControlPlane({
    controllerManager: true,
    prepare: applyCrds,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  closing.push(() => controlPlane.stop());
  const { kubeconfig } = controlPlane;
  const connection = new Connection(loadKubeConfig(kubeconfig));
  const admin = new Client(connection, undefined, CALL_DEADLINE_MS);
  const proxy = await startFaultProxy(kubeconfig);
  closing.push(() => proxy.close());
  const cluster = { client: admin, kubeconfig, description: '', stop: async () => undefined };
  await installOperator(cluster, folder);
  const proxied = join(folder, 'proxied.kubeconfig');
  writeFileSync(proxied, await serviceAccountKubeconfig(admin, proxy.config, NAME, NAME));
  const namespaces = Array.from({ length: namespaceCount }, (_, index) => `team-${index}`);
  for (const name of namespaces) await admin.create(NAMESPACES, { metadata: { name } }, MANAGER);
  const postgres = onPostgres ? await startPostgres() : undefined;
  if (postgres !== undefined) closing.push(() => postgres.stop());
  const file = join(folder, 'directory.db');
  const databaseUrl = postgres?.url ?? `file:${file}`;
  const files = { kubeconfig: proxied, databaseUrl, log: join(folder, 'operator.log') };
  const operator = await BuiltOperator.prepare(files, OPERATOR_OPTIONS);
  closing.push(() => operator.stop('SIGKILL'));
  operator.start();
  await operator.logged('lead was taken');
  const readDirectory =
    postgres === undefined ? readingCopies(file) : await readingPostgres(postgres, closing);
  const tokens = new SeenTokens(admin);
  await tokens.start();
  closing.push(() => tokens.stop());
  const system = await admin.get<KubeObject>(NAMESPACES, { name: 'kube-system' });
  return {
    admin,
    clusterUid: system.metadata.uid ?? '',
    controlPlane,
    proxy,
    operator,
    downtime: new Downtime(),
    postgres,
    readDirectory,
    tokens,
    namespaces,
    random,
  };
}
