/** A server process on a filled database, and what other clients notice of a load. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweepAfterDeath } from '../../hack/process/child.ts';
import type { Closing } from '../../hack/trial.ts';
import { createDirectory, type Directory, type GroupSizes } from '../directory/directory.ts';
import { startProbe } from '../load/start-probe.ts';
import type { Databases } from './databases.ts';
import { type ServerProcess, startServer } from './server.ts';

export interface StageOptions {
  readonly users: number;
  readonly groups?: GroupSizes;
}

interface Place {
  readonly folder: string;
  readonly databases: Databases;
}

export interface Stage extends Place {
  readonly directory: Directory;
  readonly server: ServerProcess;
  /** The server and its database. */
  readonly pids: readonly number[];
  /** Observes the server and its database, and sends small requests of another tenant meanwhile. */
  probe(everyMs: number): ReturnType<typeof startProbe>;
}

let stages = 0;

/** Everything ends with `closing`, or with this process. */
export async function setStage(
  { folder, databases }: Place,
  { users, groups }: StageOptions,
  closing: Closing,
): Promise<Stage> {
  const directory = await createDirectory(databases, `stage-${++stages}`, users, groups);
  const server = await startServer(directory, { folder });
  closing.push(() => server.stop());
  const pids = [server.pid, ...databases.pids];
  const { neighbour } = directory;
  const other = { base: new URL(neighbour.path, server.base).href, token: neighbour.token };
  const probe = (everyMs: number) => startProbe(other, { pids, everyMs });
  return { folder, databases, directory, server, pids, probe };
}

export function temporaryFolder(closing: Closing): string {
  const folder = mkdtempSync(join(tmpdir(), 'scim-bench-'));
  sweepAfterDeath(folder);
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
