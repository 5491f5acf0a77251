/** A server process on a filled database, and what other clients notice of a load. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweepAfterDeath } from '../../hack/process/child.ts';
import type { Closing } from '../../hack/trial.ts';
import { createDirectory, type Directory, type GroupSizes } from '../directory/directory.ts';
import { type ProbeOptions, startProbe } from '../load/start-probe.ts';
import { type DatabaseKind, type Databases, openDatabases } from './databases.ts';
import { type ServerOptions, type ServerProcess, startServer } from './server.ts';

export interface StageOptions {
  readonly users: number;
  readonly groups?: GroupSizes;
  readonly server?: Omit<ServerOptions, 'folder'>;
}

export interface Stage {
  readonly kind: DatabaseKind;
  readonly folder: string;
  readonly databases: Databases;
  readonly directory: Directory;
  readonly server: ServerProcess;
  /** The server and its database. */
  readonly pids: readonly number[];
  /** Observes the server and its database, and sends small requests of another tenant meanwhile. */
  probe(options?: Omit<ProbeOptions, 'pids'>): ReturnType<typeof startProbe>;
}

/** Everything ends with `closing`, or with this process. */
export async function setStage(
  kind: DatabaseKind,
  { users, groups, server: options }: StageOptions,
  closing: Closing,
): Promise<Stage> {
  const folder = temporaryFolder(closing);
  const databases = await openDatabases(kind, folder);
  closing.push(() => databases.stop());
  const directory = await createDirectory(databases, 'directory', users, groups);
  const server = await startServer(directory, { folder, ...options });
  closing.push(() => server.stop());
  const pids = [server.pid, ...databases.pids];
  const { neighbour } = directory;
  const other = { base: new URL(neighbour.path, server.base).href, token: neighbour.token };
  const probe: Stage['probe'] = (options) => startProbe(other, { ...options, pids });
  return { kind, folder, databases, directory, server, pids, probe };
}

export function temporaryFolder(closing: Closing): string {
  const folder = mkdtempSync(join(tmpdir(), 'scim-bench-'));
  sweepAfterDeath(folder);
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
